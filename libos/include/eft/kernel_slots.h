// The persistent slots of a program, by number: capabilities of clients that the next incarnation must find again.
//
// What lies in a slot counts only if a committed record in the state region says so: a server empties the slots of every
// place without such a record when it starts (an incarnation may have died between a move and its commit).
#pragma once

#include <eft/cap.h>
#include <eft/invoke.h>

namespace eft {

class KernelSlots {
public:
    static constexpr u32 kCount = raw(slot(WellKnown::FirstScratch)) - raw(slot(WellKnown::FirstPersistent));

    static Slot at(u32 index) { return static_cast<Slot>(raw(slot(WellKnown::FirstPersistent)) + index); }

    // Moves a received capability there, in place of what lies there.
    Status keep(u32 index, Slot received) {
        remove(index);
        EFT_CHECK(kernel_object::move(kTable, at(index), received));
        return_slot(received);
        return {};
    }
    void remove(u32 index) { static_cast<void>(kernel_object::remove(kTable, at(index))); }
    void signal(u32 index) { sys::signal(at(index)); }

private:
    static constexpr Slot kTable = slot(WellKnown::Table);
};

}  // namespace eft
