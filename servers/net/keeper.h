// What sockets need of the server around them: the records that last, and the memory and bells of clients.
#pragma once

#include "net/records.h"

#include <eft/abi/result.h>

#include <cstddef>
#include <span>

namespace eft::net {

class Keeper {
public:
    virtual const NetState& state() const = 0;
    // To be changed in this step. LimitReached: commit() first.
    virtual Result<SocketRecord*> edit_record(u32 record) = 0;
    virtual Result<NetCounts*> edit_counts() = 0;
    virtual Result<u32*> edit_last_port() = 0;
    virtual void commit() = 0;
    // Of the session at this place; empty if it has attached none. The client writes there at any time.
    virtual std::span<std::byte> area(u32 place) = 0;
    virtual void signal(u32 place) = 0;
    // There is something to do before the server sleeps.
    virtual void want_turn() = 0;

protected:
    ~Keeper() = default;
};

}  // namespace eft::net
