// Writes a FlatBuffer (encoding 3) straight into the message page: no allocation, and no copy afterwards.
//
// The library's builder builds backwards, in memory that it must be able to enlarge; here a table is followed by what
// it refers to, which offsets forward allow as well. The format is the same: [offset of the root][vtable][table][…],
// all aligned from the beginning of the buffer, gaps zero. A table whose vtable is like the one before shares it. What
// does not fit is not written, and ok() says so. Used by generated put() functions only.
#pragma once

#include <eft/abi/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace eft::ipc {

class FlatWriter {
public:
    explicit FlatWriter(std::span<u64> room) : room_(room), bytes_(reinterpret_cast<std::byte*>(room.data())) {
        place(sizeof(u32), sizeof(u32));
    }

    bool ok() const { return ok_; }
    u32 size() const { return end_; }
    void set_root(u32 table) { refer(0, table); }

    // A table of vtable[1] bytes; vtable[2 + id] says where in it the field lies, 0: it is absent.
    template <std::size_t Entries>
    u32 table(const u16 (&vtable)[Entries]) {
        if (!like_the_last(vtable, Entries)) {
            last_vtable_ = place(sizeof(vtable), sizeof(u16));
            last_entries_ = Entries;
            put_bytes(last_vtable_, vtable, sizeof(vtable));
        }
        const u32 at = place(vtable[1], sizeof(u64));
        put(at, static_cast<std::int32_t>(at - last_vtable_));
        return at;
    }

    template <class T>
    void put(u32 at, const T& value) {
        put_bytes(at, &value, sizeof(T));
    }
    void refer(u32 at, u32 target) { put(at, target - at); }

    // These refer to what they add from `at`. An empty one is an absent one.
    void string(u32 at, std::string_view text) {
        if (!text.empty()) refer(at, add_string(text));
    }
    template <class T>
    void vector(u32 at, std::span<const T> elements) {
        if (elements.empty()) return;
        align_behind_length(alignof(T));
        const u32 where = place(sizeof(u32) + static_cast<u32>(elements.size_bytes()), sizeof(u32));
        put(where, static_cast<u32>(elements.size()));
        put_bytes(where + sizeof(u32), elements.data(), elements.size_bytes());
        refer(at, where);
    }
    void strings(u32 at, std::span<const std::string_view> texts) {
        references(at, texts, [this](std::string_view text) { return add_string(text); });
    }
    template <class Table>
    void tables(u32 at, std::span<const Table> all) {
        references(at, all, [this](const Table& each) { return each.put(*this); });
    }

private:
    template <class T, class Add>
    void references(u32 at, std::span<const T> all, Add add) {
        if (all.empty()) return;
        const u32 where = place(sizeof(u32) * static_cast<u32>(all.size() + 1), sizeof(u32));
        put(where, static_cast<u32>(all.size()));
        refer(at, where);
        for (u32 i = 0; i < all.size() && ok_; ++i) {
            const u32 slot = where + sizeof(u32) * (i + 1);
            refer(slot, add(all[i]));
        }
    }

    u32 add_string(std::string_view text) {
        const u32 where = place(static_cast<u32>(sizeof(u32) + text.size() + 1), sizeof(u32));
        put(where, static_cast<u32>(text.size()));
        put_bytes(where + sizeof(u32), text.data(), text.size());
        return where;
    }

    bool like_the_last(const u16* vtable, u32 entries) const {
        if (entries != last_entries_) return false;
        for (u32 i = 0; i < entries; ++i) {
            u16 entry;
            __builtin_memcpy(&entry, bytes_ + last_vtable_ + i * sizeof(u16), sizeof(u16));
            if (entry != vtable[i]) return false;
        }
        return true;
    }

    // So that what follows a 32-bit length is aligned.
    void align_behind_length(u32 align) {
        if (align > sizeof(u32) && (end_ + sizeof(u32) + 3) / 4 * 4 % align != 0) place(sizeof(u32), sizeof(u32));
    }

    // Zeroed bytes at the end. 0 where there is no room: nothing is written any more.
    u32 place(u32 bytes, u32 align) {
        const u32 at = (end_ + align - 1) & ~(align - 1);
        if (!ok_ || at > room_.size_bytes() || bytes > room_.size_bytes() - at) {
            ok_ = false;
            return 0;
        }
        end_ = at + bytes;
        for (; zeroed_ * sizeof(u64) < end_; ++zeroed_) room_[zeroed_] = 0;
        return at;
    }

    void put_bytes(u32 at, const void* from, std::size_t bytes) {
        if (ok_ && bytes != 0) __builtin_memcpy(bytes_ + at, from, bytes);
    }

    std::span<u64> room_;
    std::byte* bytes_;
    u32 end_ = 0;
    u32 zeroed_ = 0;  // words
    u32 last_vtable_ = 0, last_entries_ = 0;
    bool ok_ = true;
};

}  // namespace eft::ipc
