// Malformed FlatBuffers (encoding 3), made from what idlc says of a request's tables (<eft/ipc/hostile.h>): first a good one
// with every field, whose maker notes where each offset, length, vtable and tag stands; then that with one thing wrong.
//
// What is surely wrong must be refused. The rest may be something good by chance, and must only do no harm.
#pragma once

#include "hostile_messages.h"

#include <cstring>
#include <span>

namespace hostile {

using eft::u8;
using eft::ipc::HostileMember;
using eft::ipc::HostileShape;
using eft::ipc::HostileTable;

class FlatSeed {
public:
    enum class What : u8 { Reference, VtableReference, VtableSize, TableSize, Entry, Length, Terminator, Tag };
    struct Place {
        u16 at;
        What what;
        u32 bound;  // of a Length; of a Tag the number of cases; of an Entry the size of its field
    };
    static constexpr unsigned kRoom = (kMaxWords - kRegisterWords) * 8;

    FlatSeed(std::span<const HostileTable> tables, unsigned root) : tables_(tables) {
        place(4, 4);
        note(0, What::Reference);
        put<u32>(0, table(root, 0));
    }

    unsigned size() const { return (end_ + 7) / 8 * 8; }
    std::span<const Place> places() const { return std::span(places_).first(count_); }
    template <class T>
    T get(unsigned at) const {
        T value;
        std::memcpy(&value, bytes_ + at, sizeof(T));
        return value;
    }
    // It fits: everything that was asked for has been written.
    bool whole() const { return whole_; }

    Message message(const HostileMethod& method) const {
        Message message;
        message.label = method.label;
        message.words = kRegisterWords + size() / 8;
        message.content[0] = method.flat_words | (u64{size()} << 16 | kRegisterWords * 8) << 32;
        std::memcpy(&message.content[kRegisterWords], bytes_, size());
        return message;
    }

    // Tables in vectors of their own kind, `depth` of them, each referred to by `times` elements of the one before it: so many
    // ways through it that nobody may walk them all. False: this table has no such vector.
    bool grow_chain(unsigned index, unsigned depth, unsigned times) {
        const HostileMember* self = nullptr;
        for (const HostileMember& member : tables_[index])
            if (member.shape == HostileShape::Tables && member.table == index) self = &member;
        if (!self) return false;
        end_ = count_ = 0;
        place(4, 4);
        unsigned slot = 0, slots = 1;  // that refer to the next one
        for (unsigned level = 0; level < depth; ++level) {
            const unsigned entries = self->id + 1u, vtable = place(4 + 2 * entries, 2);
            put<u16>(vtable, static_cast<u16>(4 + 2 * entries));
            put<u16>(vtable + 2, 8);
            put<u16>(vtable + 4 + 2 * self->id, 4);
            const unsigned at = place(8, 8);
            put<u32>(at, at - vtable);
            for (unsigned i = 0; i < slots; ++i) put<u32>(slot + 4 * i, at - (slot + 4 * i));
            slots = std::min<unsigned>(times, self->bound);
            const unsigned vector = place(4 + 4 * slots, 4);
            put<u32>(at + 4, vector - (at + 4));
            put<u32>(vector, slots);
            slot = vector + 4;
        }
        // The last vector has no elements.
        put<u32>(slot - 4, 0);
        return whole_;
    }

private:
    static constexpr unsigned kDepth = 2;  // what refers to itself is cut there
    static constexpr unsigned kMaxPlaces = 900;

    unsigned place(unsigned bytes, unsigned align) {
        const unsigned at = (end_ + align - 1) / align * align;
        whole_ = whole_ && at + bytes <= kRoom;
        if (!whole_) return 0;
        end_ = at + bytes;
        std::memset(bytes_ + at, 0, bytes);
        return at;
    }
    template <class T>
    void put(unsigned at, T value) {
        std::memcpy(bytes_ + at, &value, sizeof(T));
    }
    void note(unsigned at, What what, u32 bound = 0) {
        if (count_ < kMaxPlaces) places_[count_++] = {static_cast<u16>(at), what, bound};
    }

    static bool refers(HostileShape shape) { return shape != HostileShape::Scalar; }
    static bool nests(HostileShape shape) { return shape >= HostileShape::Table; }
    static unsigned align_of(const HostileMember& member) { return refers(member.shape) ? 4u : std::max<unsigned>(member.align, 1); }
    static unsigned size_of(const HostileMember& member) { return refers(member.shape) ? 4u : member.bytes; }

    unsigned table(unsigned index, unsigned depth) {
        const HostileTable members = tables_[index];
        unsigned entries = 0, bytes = 4;
        for (const HostileMember& member : members) entries = std::max(entries, member.id + 1u);
        const unsigned vtable = place(4 + 2 * entries, 2);
        note(vtable, What::VtableSize);
        note(vtable + 2, What::TableSize);
        // First where all lies, so that the table's size is known.
        for (const HostileMember& member : members) {
            if (nests(member.shape) && depth == kDepth) continue;
            const unsigned at = (bytes + align_of(member) - 1) / align_of(member) * align_of(member);
            bytes = at + size_of(member);
            put<u16>(vtable + 4 + 2 * member.id, static_cast<u16>(at));
            note(vtable + 4 + 2 * member.id, What::Entry, size_of(member));
            if (member.shape != HostileShape::Union) continue;
            put<u16>(vtable + 4 + 2 * (member.id - 1u), static_cast<u16>(bytes++));
        }
        put<u16>(vtable, static_cast<u16>(4 + 2 * entries));
        put<u16>(vtable + 2, static_cast<u16>(bytes));
        const unsigned self = place(bytes, 8);
        put<u32>(self, self - vtable);
        note(self, What::VtableReference);
        for (const HostileMember& member : members) {
            if (!refers(member.shape) || (nests(member.shape) && depth == kDepth)) continue;
            const unsigned at = self + get<u16>(vtable + 4 + 2 * member.id);
            if (member.shape == HostileShape::Union) {
                const unsigned tag = self + get<u16>(vtable + 4 + 2 * (member.id - 1u));
                put<u8>(tag, 1);
                note(tag, What::Tag, member.cases);
            }
            refer(at, target(member, depth));
        }
        return self;
    }

    void refer(unsigned at, unsigned to) {
        put<u32>(at, to - at);
        note(at, What::Reference);
    }
    unsigned target(const HostileMember& member, unsigned depth) {
        switch (member.shape) {
            case HostileShape::Table:
            case HostileShape::Union: return table(member.table, depth + 1);
            case HostileShape::String: return string(member.bound);
            case HostileShape::Vector: return scalars(member);
            default: break;
        }
        const unsigned count = std::min<unsigned>(member.bound, depth == 0 ? 2 : 1);
        const unsigned at = vector(4 * count, 4, count, member.bound);
        for (unsigned i = 0; i < count; ++i)
            refer(at + 4 + 4 * i, member.shape == HostileShape::Strings ? string(0) : table(member.table, depth + 1));
        return at;
    }
    unsigned vector(unsigned bytes, unsigned align, unsigned count, u32 bound) {
        if (align > 4)
            while ((end_ + 3) / 4 * 4 % align != align - 4) place(4, 4);
        const unsigned at = place(4 + bytes, 4);
        put<u32>(at, count);
        note(at, What::Length, bound);
        return at;
    }
    unsigned scalars(const HostileMember& member) {
        const unsigned count = std::min<unsigned>(member.bound, 2);
        return vector(count * member.bytes, member.align, count, member.bound);
    }
    // Of one byte, or none where the bound is not known.
    unsigned string(u32 bound) {
        const unsigned length = bound == 0 ? 0 : 1, at = place(4 + length + 1, 4);
        put<u32>(at, length);
        if (length != 0) put<u8>(at + 4, 'x');
        if (bound != 0) note(at, What::Length, bound);
        note(at + 4 + length, What::Terminator);
        return at;
    }

    std::span<const HostileTable> tables_;
    alignas(8) u8 bytes_[kRoom] = {};
    unsigned end_ = 0;
    bool whole_ = true;
    Place places_[kMaxPlaces] = {};
    unsigned count_ = 0;
};

// Calls send(message, surely_wrong) with each.
template <class Send>
class FlatAttack {
public:
    FlatAttack(const HostileService& service, const HostileMethod& method, Send& send)
        : method_(method), send_(send), root_(method.root - 1u), seed_(service.tables, root_), good_(seed_.message(method)) {}

    void run() {
        send_(good_, false);
        truncate();
        for (const FlatSeed::Place& place : seed_.places()) spoil(place);
        struct Chain {
            unsigned depth, times;
        };
        for (const Chain chain : {Chain{20, 4}, {31, 2}, {40, 1}})
            if (seed_.grow_chain(root_, chain.depth, chain.times)) send_(seed_.message(method_), true);
    }

private:
    using What = FlatSeed::What;

    // Every length that is shorter, said by the sender or the message's.
    void truncate() {
        for (unsigned size = 0; size + 8 <= seed_.size(); ++size) {
            Message message = good_;
            message.content[0] = method_.flat_words | (u64{size} << 16 | kRegisterWords * 8) << 32;
            send_(message, size < 8);
        }
        for (unsigned words = 0; words < good_.words; ++words) {
            Message message = good_;
            message.words = words;
            send_(message, words > 0);
        }
    }

    void spoil(const FlatSeed::Place& place) {
        const unsigned size = seed_.size();
        switch (place.what) {
            case What::Reference:
                for (u32 value : {0u, size, size - place.at, size + 1, 0x7fff'fffcu, 0x8000'0000u, 0xffff'fffcu, 0xffff'ffffu, 0u - place.at})
                    put<u32>(place, value, true);  // into nothing, behind the end, and back: what would be a loop
                for (u32 to = place.at + 1; to < size; to += 7) put<u32>(place, to - place.at, false);
                break;
            case What::VtableReference:
                for (u32 value : {place.at + 1u, 0u - size, 0x7fff'ffffu, 0x8000'0000u, 1u, 0xffff'ffffu}) put<u32>(place, value, true);
                for (u32 to = 0; to < size; to += 2) put<u32>(place, place.at - to, false);  // its own table, others' vtables, text
                break;
            case What::VtableSize:
                for (unsigned value : {1u, 3u, 5u, size, 0xfffeu, 0xffffu}) put<u16>(place, value, true);
                for (unsigned value : {0u, 2u, 4u, 6u}) put<u16>(place, value, false);
                break;
            case What::TableSize:
                for (unsigned value : {0u, 3u, 4u, 5u, size, 0xffffu}) put<u16>(place, value, false);  // readers do not need it
                break;
            case What::Entry:
                for (unsigned value : {size, 0x7ffeu, 0xfffcu, 0xffffu}) put<u16>(place, value, true);
                for (unsigned value = 0; value < 64; value += 3) put<u16>(place, value, false);  // on other fields, on the vtable's offset
                break;
            case What::Length:
                for (u32 value : {place.bound + 1, size, 0x3fff'ffffu, 0x4000'0000u, 0x7fff'ffffu, 0x8000'0000u, 0xffff'ffffu}) put<u32>(place, value, value > place.bound);
                break;
            case What::Terminator: put<u8>(place, 'x', true); break;
            case What::Tag:
                for (unsigned value : {place.bound + 1, 0x7fu, 0x80u, 0xffu}) put<u8>(place, value, true);
                for (unsigned value = 0; value <= place.bound; ++value) put<u8>(place, value, false);  // another table's
                break;
        }
    }

    template <class T>
    void put(const FlatSeed::Place& place, u64 value, bool surely_wrong) {
        Message message = good_;
        const T small = static_cast<T>(value);
        std::memcpy(reinterpret_cast<u8*>(&message.content[kRegisterWords]) + place.at, &small, sizeof(T));
        send_(message, surely_wrong);
    }

    const HostileMethod& method_;
    Send& send_;
    unsigned root_;
    FlatSeed seed_;
    Message good_;
};

template <class Send>
void for_each_wrong_flatbuffer(const HostileService& service, const HostileMethod& method, Send send) {
    if (method.root != 0) FlatAttack<Send>(service, method, send).run();
}

}  // namespace hostile
