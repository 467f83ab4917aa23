// What mem knows: spaces, memory objects, mappings. Fixed tables, because mem's own memory cannot grow.
//
// Records are named by ids that are never used again: a number that counts up, and the record's index in its low bits.
// A badge is a kind and an id, so a capability to something that has ended finds nothing.
#pragma once

#include "extents.h"

#include <eft/layout.h>

#include <algorithm>

namespace eft::memory {

// The badges of capabilities to mem's endpoint. Control is what root mints for the other core servers.
constexpr Badge kControlSession{kControlBadge};
enum class Kind : u64 { Control = 0, Space = 1, Pager = 2, Object = 3 };
constexpr unsigned kKindShift = 60;
constexpr Badge badge_of(Kind kind, u64 id) { return static_cast<Badge>(static_cast<u64>(kind) << kKindShift | id); }
constexpr Kind kind_of(Badge badge) { return static_cast<Kind>(raw(badge) >> kKindShift); }
constexpr u64 id_of(Badge badge) { return raw(badge) & ((u64{1} << kKindShift) - 1); }

using MappingIndex = u16;
constexpr MappingIndex kNoMapping = 0xffff;

constexpr u32 kStackPages = layout::kStackBytes / kPageSize;

struct Space {
    u32 id = 0;  // 0: the record is not in use
    u32 quota = 0;
    u32 used = 0;    // pages of its blocks and of its objects
    u32 mapped = 0;  // pages of objects that it maps; bounded by the quota, too, because they take slots
    u32 mappings = 0;
    u32 objects = 0;
    bool adopted = false;       // root made the address space
    Slot space = Slot::None;    // the AddressSpace
    Slot session = Slot::None;  // the capabilities that others' are derived from, so that a revoke ends them
    Slot pager = Slot::None;
    Slot thread = Slot::None;
    Slot context = Slot::None;  // the thread's share of the processor
    Chain pages;  // page-sized things, in slots of their own
    Chain small;  // small kernel objects
    MappingIndex first_mapping = kNoMapping;
    std::array<Slot, kStackPages> stack{};  // frames of the stack, for crash records
};

struct Object {
    u64 id = 0;         // 0: the record is not in use
    u32 owner = 0;      // id of the space that it is charged to; 0: mem's own, a device's, or its owner has ended
    bool held = false;  // by its owner, who has not released it
    bool device = false;
    bool permanent = false;  // mem's own for good, and read-only: the boot archive, the logs of the core processes
    u32 pages = 0;
    u32 charged = 0;
    u32 mappings = 0;
    u32 pins = 0;
    u64 device_address = 0;
    Slot master = Slot::None;  // what object capabilities are derived from
    Chain frames;

    bool wanted() const { return held || mappings != 0 || pins != 0; }
};

struct Mapping {
    u32 space = 0;   // index
    u32 object = 0;  // index
    u64 address = 0;
    u32 pages = 0;
    Slot first = Slot::None;         // of the run of derived frame capabilities
    MappingIndex next = kNoMapping;  // of the same space, or of the unused ones
};

// Records of one kind. An id is `count << kIndexBits | index`, with a count from 1 on.
template <class Record, unsigned kIndexBits, u64 kMaxId>
class Records {
public:
    static constexpr u32 kCapacity = 1u << kIndexBits;

    // An unused record, which gets a new id.
    Result<Record*> take() {
        if (count_ == kMaxId >> kIndexBits) return Error::LimitReached;
        for (u32 index = 0; index < kCapacity; ++index) {
            Record& record = records_[index];
            if (record.id != 0) continue;
            record = {};
            record.id = static_cast<decltype(record.id)>(++count_ << kIndexBits | index);
            ++used_;
            return &record;
        }
        return Error::LimitReached;
    }
    void give(Record& record) {
        record.id = 0;
        --used_;
    }
    Record* find(u64 id) {
        Record& record = records_[id & (kCapacity - 1)];
        return id != 0 && record.id == id ? &record : nullptr;
    }
    Record& operator[](u32 index) { return records_[index]; }
    u32 index_of(const Record& record) const { return static_cast<u32>(&record - records_.data()); }
    u32 used() const { return used_; }

    Record* begin() { return records_.data(); }
    Record* end() { return records_.data() + kCapacity; }

private:
    std::array<Record, kCapacity> records_{};
    u64 count_ = 0;
    u32 used_ = 0;
};

using Spaces = Records<Space, 6, 0xffff'ffff>;
using Objects = Records<Object, 9, (u64{1} << 48)>;

// One process cannot use up the tables for all.
constexpr u32 kMaxMappingsOfSpace = 128;
constexpr u32 kMaxObjectsOfSpace = 96;
constexpr u32 kMaxQuota = 65536;

}  // namespace eft::memory
