// Whether a FlatBuffer (encoding 3) is sound and within the bounds of its schema, before anybody looks into it. The
// library's verifier looks at every offset and length; generated check() functions name the fields.
#pragma once

#include <eft/ipc/flat_view.h>

namespace eft::ipc {

// As many tables as fit into a message: what refers to one of them several times is not walked forever.
constexpr unsigned kMaxFlatTables = kMaxWords;
constexpr unsigned kMaxFlatDepth = 32;

class FlatChecker {
public:
    explicit FlatChecker(std::span<const u8> bytes)
        : bytes_(bytes), verifier_(bytes.data(), bytes.size(), kMaxFlatDepth, kMaxFlatTables) {}

    template <class View>
    bool root() {
        const u32 offset = verifier_.VerifyOffset(0);
        return offset != 0 && View::check(*this, bytes_.data() + offset);
    }

    // Around the fields of a table.
    bool enter(const u8* table) { return verifier_.VerifyTableStart(table); }
    bool leave() { return verifier_.EndTable(); }

    template <class T>
    bool scalar(const u8* table, u16 slot) {
        return flat::table(table).VerifyField<T>(verifier_, slot, alignof(T));
    }
    bool there(const u8* table, u16 slot) const { return flat::table(table).CheckField(slot); }

    bool string(const u8* table, u16 slot, u32 max) {
        const u8* target = nullptr;
        return follow(table, slot, target) && (!target || bounded_string(target, max));
    }
    template <class T>
    bool vector(const u8* table, u16 slot, u32 max) {
        const u8* target = nullptr;
        if (!follow(table, slot, target)) return false;
        if (!target) return true;
        return reinterpret_cast<std::uintptr_t>(target + sizeof(u32)) % alignof(T) == 0 &&
               verifier_.VerifyVectorOrString(target, sizeof(T)) && flat::read<u32>(target) <= max;
    }
    bool strings(const u8* table, u16 slot, u32 max, u32 max_each) {
        return each(table, slot, max, [&](const u8* target) { return bounded_string(target, max_each); });
    }
    template <class View>
    bool tables(const u8* table, u16 slot, u32 max) {
        return each(table, slot, max, [&](const u8* target) { return View::check(*this, target); });
    }
    template <class View>
    bool nested(const u8* table, u16 slot) {
        const u8* target = nullptr;
        return follow(table, slot, target) && (!target || View::check(*this, target));
    }

private:
    // False: the field refers to somewhere outside. Null: it is absent.
    bool follow(const u8* table, u16 slot, const u8*& target) {
        if (!flat::table(table).VerifyOffset(verifier_, slot)) return false;
        const u8* field = flat::table(table).GetAddressOf(slot);
        target = field ? field + flat::read<u32>(field) : nullptr;
        return true;
    }
    bool bounded_string(const u8* target, u32 max) {
        return verifier_.VerifyString(reinterpret_cast<const flatbuffers::String*>(target)) &&
               flat::read<u32>(target) <= max;
    }
    template <class Check>
    bool each(const u8* table, u16 slot, u32 max, Check check) {
        const u8* target = nullptr;
        if (!follow(table, slot, target)) return false;
        if (!target) return true;
        if (!verifier_.VerifyVectorOrString(target, sizeof(u32)) || flat::read<u32>(target) > max) return false;
        for (u32 i = 0, count = flat::read<u32>(target); i < count; ++i) {
            const u8* slot_of_element = target + sizeof(u32) * (i + 1);
            const u32 offset = verifier_.VerifyOffset(static_cast<std::size_t>(slot_of_element - bytes_.data()));
            if (offset == 0 || !check(slot_of_element + offset)) return false;
        }
        return true;
    }

    std::span<const u8> bytes_;
    flatbuffers::Verifier verifier_;
};

// A message of encoding 3: one word that says how long, and the buffer.
template <class Reader>
std::span<const u8> flat_bytes(const Reader& in) {
    return in.tail().template vector<u8>(in.word(0) >> 32);
}

template <class View, class Reader>
bool check_flat(const Reader& in) {
    constexpr unsigned kMaxBytes = (kMaxWords - kRegisterWords) * sizeof(u64);
    return in.tail().template holds<u8>(in.word(0) >> 32, kMaxBytes) && FlatChecker(flat_bytes(in)).root<View>();
}

template <class View, class Reader>
View load_flat(const Reader& in) {
    const u8* bytes = flat_bytes(in).data();
    return View(bytes + flat::read<u32>(bytes));
}

}  // namespace eft::ipc
