// Records that stand in lists, each naming the next by its index. 0 ends a list, and is no record's index.
#pragma once

#include "journal.h"

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <array>

namespace eft::memory {

// Record has a member `u16 next`. Plain data; zeros are a pool with all records unused.
template <class Record, u16 kCapacity>
class Pool {
public:
    // LimitReached: all are in use.
    Result<u16> take() {
        if (const u16 index = unused_; index != 0) {
            set(unused_, records_[index].next);
            return index;
        }
        if (fresh_ == kCapacity) return Error::LimitReached;
        set(fresh_, static_cast<u16>(fresh_ + 1));
        return fresh_;
    }
    void give(u16 index) {
        set(records_[index].next, unused_);
        set(unused_, index);
    }
    const Record& operator[](u16 index) const { return records_[index]; }

private:
    std::array<Record, kCapacity + 1> records_{};
    u16 unused_ = 0;
    u16 fresh_ = 0;  // the last one that was ever in use
};

}  // namespace eft::memory
