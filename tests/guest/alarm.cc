#include "alarm.h"

#include <drivers/i8254/i8254.h>

namespace eft::test {
namespace {

constexpr u64 kTimerBit = 1;
constexpr u32 kTimerLine = 2;

}  // namespace

void open_alarm(Stage& stage) {
    namespace ko = kernel_object;
    const Slot timer = stage.memory.take_slots(1);
    stage.require(ko::derive(root::root_slot(RootSlot::Table), timer, stage.notification, kAllRights, kTimerBit), "timer");
    stage.require(ko::bind_irq(root::root_slot(RootSlot::Irqs), kTimerLine, timer), "timer interrupt");
}

// One shot of the timer (mode 0).
void sleep_while_others_run(Stage& stage, u32 periods) {
    const hw::Ports ports = i8254::registers(root::root_slot(RootSlot::Ports));
    i8254::start_count(ports, periods);
    for (;;) {
        sys::Registers registers;
        if (sys::recv(stage.endpoint, registers) != Error::None) continue;
        if (registers.tag.has(Tag::Fault)) {
            root::print("fault of service ");
            print_number(registers.badge - 1);
            root::print(" at ");
            root::print_hex(registers.w[1]);
            root::print(" address ");
            root::print_hex(registers.w[0]);
            root::print("\n");
            stage.expect("no-exceptions", false, "a service or client raised an exception");
            stage.finish();
        }
        if (registers.badge & kTimerBit) return;
    }
}

}  // namespace eft::test
