// Another program for a service that stays: rs' `Update`.
//
// A service has two configuration objects, of which one is in use; behind the page of each may stand a program, in place of the
// boot archive's. The other one gets the next program (prepare), and is the one in use when the last incarnation has ended
// (turn). What that one left in the state region is copied, so that a program with another layout can take it over, and the old
// one can come back (turn_back). Then the program that is not in use goes (settle).
//
// Each of these can be done again after a death of rs in the middle of it: what is in use says the service's record alone, which
// is stored afterwards.
#pragma once

#include "persistent_part.h"
#include "service_record.h"

#include <span>

namespace eft::supervisor {

constexpr u64 kMostProgramBytes = 16 << 20;

class Updates {
public:
    Updates(CoreServers& core, std::span<PersistentPart> parts, std::span<ServiceRecord> records) : core_(core), parts_(parts), records_(records) {}

    // After a death of rs.
    void recover(unsigned index) { use(index); }

    // A copy of the program, which is the client's, for the next incarnation. BadFormat: no program for this machine, or one whose
    // sessions have other kinds. OutOfRange: its size. mem's errors.
    Status prepare(unsigned index, Slot program, u64 bytes);
    // No incarnation lives: the next one has the prepared program. An error: nothing has changed.
    Status turn(unsigned index);
    // No incarnation lives: the next one has the program before the update, and the state as the new one left it, or, if that is of no
    // use to it, as it was before the update.
    void turn_back(unsigned index);
    // The other program, and the old state, are not needed any more.
    void settle(unsigned index);

private:
    Kept other(unsigned index) const { return records_[index].uses_second ? Kept::Config : Kept::SecondConfig; }
    void use(unsigned index);
    void change_use(unsigned index);
    void drop(unsigned index, Kept what);
    Status keep_state(unsigned index);
    Status show_old_state(unsigned index);

    CoreServers& core_;
    std::span<PersistentPart> parts_;
    std::span<ServiceRecord> records_;
};

}  // namespace eft::supervisor
