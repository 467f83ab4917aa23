// The persistent slots of a program, by number from 0: capabilities of clients that the next incarnation must find again.
//
// What lies in a slot counts only if a committed record in the state region says so: a server empties the slots of every
// place without such a record when it starts (an incarnation may have died between a move and its commit).
// Numbers are below count(), which the manifest says (`persistent_slots`).
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>
#include <eft/ring/layout.h>

namespace eft {

class SessionSlots {
public:
    static u32 count();

    Slot at(u32 index) const;
    // Moves a received capability there, in place of what lies there. Errors: the kernel's; then the slot is empty, and the
    // capability where it was.
    Status keep(u32 index, Slot received);
    // Nothing happens where it is empty; so with signal().
    void remove(u32 index, u32 count = 1);
    void signal(u32 index);
    bool holds_anything(u32 index) const;
    // The memory in this slot is a ring: nobody serves it any more, and its client is to be signalled then. Nothing happens
    // if it is none, or cannot be mapped.
    void end_ring(u32 index, ring::ConsumerState why) const;
};

}  // namespace eft
