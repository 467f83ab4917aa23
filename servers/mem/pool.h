// Records that stand in lists, each naming the next by its index. 0 ends a list, and is no record's index.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <array>
#include <utility>

namespace eft::memory {

// Record has a member `u16 next`. Plain data; zeros are a pool with all records unused.
template <class Record, u16 kCapacity>
class Pool {
public:
    // LimitReached: all are in use.
    Result<u16> take() {
        if (unused_ != 0) return std::exchange(unused_, records_[unused_].next);
        if (fresh_ == kCapacity) return Error::LimitReached;
        return ++fresh_;
    }
    void give(u16 index) {
        records_[index].next = unused_;
        unused_ = index;
    }
    Record& operator[](u16 index) { return records_[index]; }
    const Record& operator[](u16 index) const { return records_[index]; }

private:
    std::array<Record, kCapacity + 1> records_{};
    u16 unused_ = 0;
    u16 fresh_ = 0;  // the last one that was ever in use
};

}  // namespace eft::memory
