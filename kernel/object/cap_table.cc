#include <object/cap_table.h>

#include <object/derivation.h>

namespace eft::kernel {

u32 CapTable::used() {
    u32 count = 0;
    for (u32 i = 1; i <= last_; ++i) count += !slots()[i].empty();
    return count;
}

void CapTable::destroy(Core& core) {
    for (u32 i = 1; i <= last_; ++i) {
        if (Capability& cap = slots()[i]; !cap.empty()) delete_capability(core, cap);
    }
}

}  // namespace eft::kernel
