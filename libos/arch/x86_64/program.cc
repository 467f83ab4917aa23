#include <eft/arch/program.h>

#include <eft/heap.h>
#include <eft/layout.h>
#include <eft/process.h>

extern "C" void (*init_array_start[])();
extern "C" void (*init_array_end[])();

namespace eft::arch {

void begin_program() { pointer<Utcb>(layout::kUtcbAddress)->self = layout::kUtcbAddress; }

void initialise_program() {
    process_heap().set_range(pointer<std::byte>(layout::kHeapBase), layout::kHeapLimit - layout::kHeapBase);
    for (auto constructor = init_array_start; constructor != init_array_end; ++constructor) (*constructor)();
}

int run_program() { return eft_main(); }

}  // namespace eft::arch
