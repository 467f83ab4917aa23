// Tables of spaces and of memory objects, whose records are named by ids that are never used again: a number that
// counts up, and the record's index in its low bits.
#pragma once

#include "journal.h"

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <array>

namespace eft::memory {

// Record has a member `id`, 0 where the record is not in use. An id is `count << kIndexBits | index`, with a count from
// 1 on. Plain data; zeros are an empty table.
template <class Record, unsigned kIndexBits, u64 kMaxId>
class Records {
public:
    static constexpr u32 kCapacity = 1u << kIndexBits;

    // An unused record, which gets a new id, and is the caller's to fill. LimitReached: all records are in use, or all ids
    // were.
    Result<Record*> take() {
        if (count_ == kMaxId >> kIndexBits) return Error::LimitReached;
        for (u32 index = 0; index < kCapacity; ++index) {
            if (records_[index].id != 0) continue;
            Record& record = edit(records_[index]);
            record = {};
            set(count_, count_ + 1);
            record.id = static_cast<decltype(record.id)>(count_ << kIndexBits | index);
            set(used_, used_ + 1);
            return &record;
        }
        return Error::LimitReached;
    }
    void give(const Record& record) {
        set(record.id, 0);
        set(used_, used_ - 1);
    }
    // nullptr: there is none, or it has ended.
    const Record* find(u64 id) const {
        const Record& record = records_[id & (kCapacity - 1)];
        return id != 0 && record.id == id ? &record : nullptr;
    }
    u32 used() const { return used_; }

    // All records, those that are not in use included.
    const Record* begin() const { return records_.data(); }
    const Record* end() const { return records_.data() + kCapacity; }

private:
    std::array<Record, kCapacity> records_{};
    u64 count_ = 0;
    u32 used_ = 0;
};

}  // namespace eft::memory
