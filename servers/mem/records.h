// Tables of spaces and of memory objects, whose records are named by ids that are never used again: a number that
// counts up, and the record's index in its low bits.
#pragma once

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

    // An unused record, which gets a new id. LimitReached: all records are in use, or all ids were.
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
    // nullptr: there is none, or it has ended.
    Record* find(u64 id) {
        Record& record = records_[id & (kCapacity - 1)];
        return id != 0 && record.id == id ? &record : nullptr;
    }
    u32 used() const { return used_; }

    // All records, those that are not in use included.
    Record* begin() { return records_.data(); }
    Record* end() { return records_.data() + kCapacity; }

private:
    std::array<Record, kCapacity> records_{};
    u64 count_ = 0;
    u32 used_ = 0;
};

}  // namespace eft::memory
