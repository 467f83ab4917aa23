#include <object/cap_table.h>

#include <object/derivation.h>
#include <schedule/core.h>

namespace eft::kernel {

bool CapTable::count_used(Core& core, u64& index, u64& used) {
    while (index <= last_) {
        used += index != 0 && !slots()[index].empty();
        ++index;
        if (core.must_pause(kSlotWork)) return false;
    }
    return true;
}

bool CapTable::destroy(Core& core) {
    while (last_ != 0) {
        Capability& cap = slots()[last_];
        const int work = cap.empty() ? kSlotWork : kDeletionWork;
        if (!cap.empty() && !remove_capability(core, cap)) return false;
        --last_;
        if (core.must_pause(work)) return false;
    }
    return true;
}

}  // namespace eft::kernel
