// How the measuring program measures: the mean of many rounds by the time-stamp counter, which advances by one per
// instruction under icount, without the loop's own cost; printed as "BENCH key value".
//
// For a listing (./eft bench --listing KEY) the program's argument is the key, only that key is measured, in a few
// rounds, and the benchmark steps through one of them. Symbols that cost nothing say where: the part that
// `bench_listed_part` names begins at one called bench_round_N (0), bench_first_N (1) or bench_second_N (2), and ends at
// whichever comes next.
#pragma once

#include <eft/invoke.h>
#include <eft/process.h>

namespace eft::bench {

constexpr u64 kRounds = 10'000, kListedRounds = 32;
constexpr u16 kDebugExit = 0xf4;

extern "C" {
inline volatile u32 bench_listed_part = 3;  // not yet
}

inline u64 loop_cost = 0;  // of kRounds

inline std::string_view listed() { return field_text(config().arguments); }
inline bool wanted(std::string_view key) { return listed().empty() || listed() == key; }
inline u64 usual_rounds() { return listed().empty() ? kRounds : kListedRounds; }

inline void print_number(u64 value) {
    char digits[21] = {};
    unsigned at = 20;
    do {
        digits[--at] = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value != 0);
    sys::debug_print(digits + at);
}

[[noreturn]] inline void finish(u32 status) {
    for (;;) static_cast<void>(kernel_object::port_out(*granted("ports"), kDebugExit, 4, status));
}

inline void require(bool fact, const char* what) {
    if (fact) return;
    sys::debug_print("BENCH-ERROR ");
    sys::debug_print(what);
    sys::debug_print("\n");
    finish(0x11);
}

// `spent` by `rounds` rounds, of which each has `own` instructions of the measurement's, given for kRounds of them.
inline void report(const char* key, u64 spent, u64 rounds, u64 own) {
    if (!wanted(key)) return;
    if (!listed().empty()) {
        sys::debug_print("BENCH own ");
        print_number((own + kRounds / 2) / kRounds);
        sys::debug_print("\n");
    }
    sys::debug_print("BENCH ");
    sys::debug_print(key);
    sys::debug_print(" ");
    print_number((spent - own * rounds / kRounds + rounds / 2) / rounds);
    sys::debug_print("\n");
}

template <class Round>
[[gnu::noinline, gnu::flatten]] u64 total(u64 rounds, Round round) {
    const u64 start = sys::time_stamp();
    for (u64 i = 0; i < rounds; ++i) {
        asm volatile("bench_round_%=:" ::: "memory");
        round(i);
    }
    return sys::time_stamp() - start;
}

template <class Round>
void measure(const char* key, Round round) {
    if (!wanted(key)) return;
    bench_listed_part = 0;
    round(0);  // warm: the peer waits where it will wait in each round
    report(key, total(usual_rounds(), round), usual_rounds(), loop_cost);
}

// A call with so many words, which are written and read outside the count: here the registers have what they have.
inline void measure_call(Slot peer, const char* key, unsigned words) {
    if (!wanted(key)) return;
    const auto call = [peer, tag = Tag(1, words)] {
        sys::Registers registers;
        registers.tag = tag;
        const Error error = sys::call(peer, registers);
        return error == Error::None ? registers.tag.words() : ~0u;
    };
    measure(key, [call](u64) { static_cast<void>(call()); });
    require(call() == words, "the peer does not answer");
}

// Like sys::time_stamp, with a symbol.
#define EFT_BENCH_STAMP(symbol)                                                              \
    [] {                                                                                     \
        u64 low, high;                                                                       \
        asm volatile("bench_" symbol "_%=: rdtsc" : "=a"(low), "=d"(high) : : "memory");     \
        return high << 32 | low;                                                             \
    }()

// Pairs of operations are measured alternately, each with its own sum.
template <class First, class Second>
void measure_pair(const char* first_key, First first, const char* second_key, Second second) {
    if (!wanted(first_key) && !wanted(second_key)) return;
    bench_listed_part = wanted(first_key) ? 1 : 2;
    const u64 stamp = total(kRounds, [](u64) { static_cast<void>(sys::time_stamp()); }) - loop_cost;
    first(), second();
    u64 spent[2] = {};
    for (u64 i = 0; i < usual_rounds(); ++i) {
        const u64 start = EFT_BENCH_STAMP("first");
        first();
        const u64 middle = EFT_BENCH_STAMP("second");
        second();
        const u64 end = EFT_BENCH_STAMP("end");
        spent[0] += middle - start, spent[1] += end - middle;
    }
    report(first_key, spent[0], usual_rounds(), stamp);
    report(second_key, spent[1], usual_rounds(), stamp);
}

// bench_crowd.cc: calls while many others wait, call or could run.
void measure_crowd(Slot untyped, Slot space);

}  // namespace eft::bench
