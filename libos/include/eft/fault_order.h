// An order of faults, as the service that it is for sees it: what is to happen to each call, and what can be done to the
// process. src/server_faults.cc does it to messages, ring/fault_hooks.h to the entries of rings.
//
// Calls are counted over incarnations, however they came. What is chosen (how late, which bit, before or after) depends on
// the seed and the number of the call alone, so the same order on the same requests does the same.
#pragma once

#include <eft/arch/program.h>
#include <eft/service_config.h>

namespace eft {

// The decisions, apart from the machine.
class FaultDecision {
public:
    FaultDecision(const FaultPlan& plan, FaultProgress& progress) : plan_(plan), progress_(progress) {}

    bool ordered() const { return plan_.kind != FaultKind::None; }

    // What is to happen to this call.
    FaultKind next(u32 label) {
        if (progress_.order != plan_.order) progress_ = {plan_.order, 0};
        if (!ordered() || (plan_.label != 0 && plan_.label != label)) return FaultKind::None;
        ++progress_.calls;
        return plan_.every != 0 && progress_.calls % plan_.every == 0 ? plan_.kind : FaultKind::None;
    }
    // For the present call. SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
    u64 random() const {
        u64 mixed = plan_.seed + progress_.calls * 0x9e37'79b9'7f4a'7c15;
        mixed = (mixed ^ mixed >> 30) * 0xbf58'476d'1ce4'e5b9;
        mixed = (mixed ^ mixed >> 27) * 0x94d0'49bb'1331'11eb;
        return mixed ^ mixed >> 31;
    }

private:
    const FaultPlan& plan_;
    FaultProgress& progress_;
};

// Flips one bit of a request's words; which one, `random` says. `word_at(index)` is a reference.
template <class WordAt>
void corrupt(unsigned words, u64 random, WordAt word_at) {
    if (words != 0) word_at(static_cast<unsigned>(random % words)) ^= u64{1} << (random >> 32) % 64;
}

constexpr u64 lateness_ms(u64 random) { return 1 + random % 16; }
// Of a Kill: the handler has done its work.
constexpr bool dies_after_handler(u64 random) { return random % 2 != 0; }

// Where this process finds its orders, and what they do to it. All of it is zero on the host, and before the start: a
// program whose data begins as zeros needs no page of the file for it.
struct FaultHooks {
    const FaultPlan* plan = nullptr;  // null: nobody orders anything
    FaultProgress* progress = nullptr;
    void (*late)(u64 milliseconds) = nullptr;
    void (*crash)() = nullptr;
};
namespace detail {
inline EFT_PROCESS_LOCAL constinit FaultHooks fault_hooks{};
}

inline void take_fault_orders(const FaultHooks& hooks) { detail::fault_hooks = hooks; }
inline const FaultHooks& fault_hooks() { return detail::fault_hooks; }
inline bool faults_ordered() {
    const FaultPlan* plan = detail::fault_hooks.plan;
    if (!plan) return false;
    FaultKind kind;
    __atomic_load(&plan->kind, &kind, __ATOMIC_ACQUIRE);
    return kind != FaultKind::None;
}

}  // namespace eft
