// What the measuring programs share: lines "BENCH key value" for the host, random numbers, the end of the machine.
#pragma once

#include <eft/abi/types.h>
#include <eft/idl/rs.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/panic.h>
#include <eft/process.h>
#include <eft/syscall.h>
#include <eft/text.h>

#include <algorithm>

namespace eft::bench {

inline void report(std::string_view key, u64 value) {
    FixedText<120> line;
    sys::debug_print(line.append("BENCH ").append(key).append(' ').decimal(value).append('\n').c_str());
}

// Ends the measurement: the host reads this line and gives up.
[[noreturn]] inline void give_up(std::string_view what, Error error = Error::None) {
    FixedText<200> line;
    line.append("BENCH-ERROR ").append(field_text(config().name)).append(": ").append(what);
    if (error != Error::None) line.append(": ").append(to_string(error));
    sys::debug_print(line.append('\n').c_str());
    panic("the measurement cannot go on");
}

inline void require(Status status, std::string_view what) {
    if (!status.ok()) give_up(what, status.error());
}
template <class T>
T require(Result<T> result, std::string_view what) {
    if (!result.ok()) give_up(what, result.error());
    return std::move(*result);
}

inline Slot require_granted(std::string_view name) { return require(granted(name), "a grant is missing"); }

// A loop of known length: the time-stamp counter must advance by one per instruction. Other programs may run meanwhile,
// while they start: the quickest of some runs counts.
inline void require_instruction_counter() {
    u64 least = ~u64{0};
    for (int run = 0; run < 20; ++run) {
        const u64 start = sys::time_stamp();
        u64 count = 100'000;
        asm volatile("1: dec %0\n\tjnz 1b" : "+r"(count));
        least = std::min(least, sys::time_stamp() - start);
    }
    if (least < 200'000 || least > 200'100) give_up("the time-stamp counter does not count instructions");
}

// The last line, then power off.
[[noreturn]] inline void finish(rs::RsClient<>& supervisor) {
    sys::debug_print("BENCH-END\n");
    static_cast<void>(supervisor.shutdown({}));
    give_up("the machine does not power off");
}

// xorshift64*: the same numbers in each run.
class Random {
public:
    u64 below(u64 limit) {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return (state_ * 0x2545'f491'4f6c'dd1d >> 16) % limit;
    }

private:
    u64 state_ = 0x9e37'79b9'7f4a'7c15;
};

}  // namespace eft::bench
