// Faults on order, for the entries of one ring: the kinds of src/server_faults.cc. A client of a ring is not told of its
// server's death, and its entry is done again by the next incarnation; so three kinds are other than those of messages:
//
//   Drop       there is no completion, until another incarnation takes the entry. Who waits for it waits so long
//   Duplicate  the completion is lost, and the entry is taken again, as after a death before the completion. However the
//              handler answers, at once or later
//   Kill       the exception comes before the handler, or in place of the completion
//
// An entry that an incarnation takes after another one is one more call, as a request is that a stub repeats.
#pragma once

#include <eft/fault_order.h>

#include <bitset>
#include <span>

namespace eft::ring {

// What the ring's consumer asks. Entries are named by their slots: each holds one until it is completed.
template <u32 Count>
class EntryFaults {
public:
    // An entry was taken, while faults are ordered. False: it is lost, no handler sees it.
    bool reaches_handler(u32 slot, u32 label, std::span<u64> words) {
        const FaultHooks& hooks = fault_hooks();
        FaultDecision decision(*hooks.plan, *hooks.progress);
        const FaultKind kind = decision.next(label);
        const u64 random = decision.random();
        switch (kind) {
            case FaultKind::None: break;
            case FaultKind::Drop: return false;
            case FaultKind::Delay: hooks.late(lateness_ms(random)); break;
            case FaultKind::Duplicate: lost_[slot] = any_ = true; break;
            case FaultKind::Corrupt: corrupt(static_cast<unsigned>(words.size()), random, [&](unsigned index) -> u64& { return words[index]; }); break;
            case FaultKind::Kill:
                if (!dies_after_handler(random)) hooks.crash();
                fatal_[slot] = any_ = true;
                break;
        }
        return true;
    }

    // Whether a completion has to be asked about at all.
    bool any() const { return any_; }
    // The handler has answered. True: the answer is lost, and the entry is to be taken again.
    bool loses_completion(u32 slot) const {
        if (fatal_[slot]) fault_hooks().crash();
        return lost_[slot];
    }
    // True once after that: it is taken again now, and is no other call.
    bool taken_again(u32 slot) {
        const bool again = lost_[slot];
        lost_[slot] = false;
        return again;
    }

private:
    bool any_ = false;
    std::bitset<Count> lost_;   // their completions will be, or are
    std::bitset<Count> fatal_;  // their completions will be
};

}  // namespace eft::ring
