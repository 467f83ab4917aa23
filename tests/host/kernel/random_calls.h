// Random programs: a few threads that share one table do system calls, faults and time slices with small random
// arguments, so that they hit each other's objects as often as possible. The choices come from a stream of bytes,
// which a seeded generator or a fuzzer provides.
#pragma once

#include "machine.h"

#include <functional>

namespace eft::kernel::test {

class RandomCalls {
public:
    // A number below `bound`.
    using Choose = std::function<u32(u32 bound)>;

    explicit RandomCalls(Choose choose);
    // One entry into the kernel. False when nobody can run any more.
    bool step();

    struct Statistics {
        u64 entries = 0, successes = 0, blocked = 0;
    };
    const Statistics& statistics() const { return statistics_; }

private:
    void populate();
    void fill_message_page(Thread& thread);
    void system_call(Thread& thread);
    void invocation(Thread& thread);
    void revive(Thread& thread);
    bool is_last(const Thread& thread);
    u64 argument();
    u32 slot();
    u32 slot_of(ObjectType type);

    Choose choose_;
    Machine machine_;
    Statistics statistics_;
};

}  // namespace eft::kernel::test
