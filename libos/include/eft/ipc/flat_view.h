// Reads a FlatBuffer (encoding 3) where it lies, after FlatChecker has found it sound. Generated views derive from
// FlatView; a view is a pointer, and valid as long as the message that it came with.
#pragma once

#include <eft/ipc/bits.h>
#include <eft/ipc/flat_library.h>
#include <eft/ipc/tail.h>

#include <optional>
#include <span>
#include <string_view>

namespace eft::ipc {

// A vector of strings or tables: what lies there are offsets, each from where it stands.
template <class Element>
class FlatVector {
public:
    FlatVector() = default;
    explicit FlatVector(const u8* vector) : first_(vector + sizeof(u32)), size_(flat::read<u32>(vector)) {}

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    Element operator[](std::size_t index) const {
        const u8* slot = first_ + index * sizeof(u32);
        return flat::element<Element>(slot + flat::read<u32>(slot));
    }

    class Iterator {
    public:
        Iterator(const FlatVector& of, std::size_t index) : of_(&of), index_(index) {}
        Element operator*() const { return (*of_)[index_]; }
        Iterator& operator++() { return ++index_, *this; }
        bool operator==(const Iterator& other) const { return index_ == other.index_; }

    private:
        const FlatVector* of_;
        std::size_t index_;
    };
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, size_}; }

private:
    const u8* first_ = nullptr;
    std::size_t size_ = 0;
};

class FlatView {
public:
    explicit FlatView(const u8* table) : table_(table) {}

    // The message was moved.
    void follow_tail(const void* from, const void* to) {
        table_ = static_cast<const u8*>(to) + (table_ - static_cast<const u8*>(from));
    }

protected:
    // `slot` is the field's place in the vtable.
    const u8* field_(u16 slot) const { return flat::table(table_).GetAddressOf(slot); }

    template <class T>
    T scalar_(u16 slot, T absent) const {
        const u8* field = field_(slot);
        if (!field) return absent;
        if constexpr (std::is_same_v<T, bool>)
            return *field != 0;
        else
            return flat::read<T>(field);
    }
    template <class T>
    std::optional<T> optional_(u16 slot) const {
        return field_(slot) ? std::optional<T>(scalar_<T>(slot, T{})) : std::nullopt;
    }
    template <class T>
    T struct_(u16 slot) const {
        const u8* field = field_(slot);
        return field ? flat::read<T>(field) : T{};
    }
    const u8* target_(u16 slot) const {
        const u8* field = field_(slot);
        return field ? field + flat::read<u32>(field) : nullptr;
    }
    std::string_view string_(u16 slot) const {
        const u8* target = target_(slot);
        return target ? flat::element<std::string_view>(target) : std::string_view();
    }
    template <class T>
    std::span<const T> vector_(u16 slot) const {
        const u8* target = target_(slot);
        if (!target) return {};
        return {reinterpret_cast<const T*>(target + sizeof(u32)), flat::read<u32>(target)};
    }
    template <class Element>
    FlatVector<Element> elements_(u16 slot) const {
        const u8* target = target_(slot);
        return target ? FlatVector<Element>(target) : FlatVector<Element>();
    }
    template <class View>
    std::optional<View> nested_(u16 slot) const {
        const u8* target = target_(slot);
        return target ? std::optional<View>(View(target)) : std::nullopt;
    }
    // One that is `required`.
    template <class View>
    View there_(u16 slot) const {
        return View(target_(slot));
    }

private:
    const u8* table_;
};

}  // namespace eft::ipc
