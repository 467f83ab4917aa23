// The records of all services, kept over rs' death: two copies of each, of which one counts. A store is over when the selector
// is turned, which is one store; a death before that leaves the record as it was stored before.
#pragma once

#include "manifest_check.h"
#include "service_record.h"

#include <eft/state/stores.h>

namespace eft::supervisor {

class ServiceStates {
public:
    void store(unsigned index, const ServiceRecord& record) {
        Pair& pair = pairs_[index];
        const u64 other = 1 - (pair.current & 1);
        store_bytes(reinterpret_cast<std::byte*>(&pair.copies[other]), reinterpret_cast<const std::byte*>(&record), sizeof record);
        store_word(pair.current, other);
    }
    const ServiceRecord& operator[](unsigned index) const { return pairs_[index].copies[pairs_[index].current & 1]; }

private:
    struct Pair {
        ServiceRecord copies[2];
        u64 current = 0;
    };
    std::array<Pair, kMaxServices> pairs_{};
};

}  // namespace eft::supervisor
