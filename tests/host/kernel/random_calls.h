// Random programs: a few threads, most of which share one table, do system calls, faults and time slices with small
// random arguments, so that they hit each other's objects as often as possible. Long operations pause at random. The choices come from a stream of bytes,
// which a seeded generator or a fuzzer provides.
#pragma once

#include "machine.h"

#include <functional>

namespace eft::kernel::test {

class RandomCalls {
public:
    // A number below `bound`.
    using Choose = std::function<u32(u32 bound)>;

    // The invariants are checked after every so many steps.
    explicit RandomCalls(Choose choose, unsigned check_every = 1);
    // One entry into the kernel. False when nobody can run any more.
    bool step();

    struct Statistics {
        u64 entries = 0, calls = 0, successes = 0, blocked = 0;
    };
    const Statistics& statistics() const { return statistics_; }

private:
    void populate();
    u32 own_table();
    bool wait_for_somebody();
    void fill_message_page(Thread& thread);
    void system_call(Thread& thread);
    void invocation(Thread& thread);
    void revive(Thread& thread);
    bool is_last(const Thread& thread);
    u64 argument();
    u32 slot();
    u32 slot_of(ObjectType type);

    Choose choose_;
    unsigned check_every_;
    Machine machine_;
    Statistics statistics_;
};

}  // namespace eft::kernel::test
