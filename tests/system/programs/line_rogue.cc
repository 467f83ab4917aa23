// A driver of an 8254x that shares its interrupt line, and breaks the rules of it. Each incarnation has its own way, which it
// writes into the log; its device requests an interrupt all the time.
#include <drivers/e1000/registers.h>
#include <drivers/service/device.h>

#include <eft/panic.h>
#include <eft/process.h>
#include <eft/wake.h>

using namespace eft;

namespace {

constexpr u64 kInterruptBit = 1;
struct CauseSet : hw::Register<0x00c8, u32> {};  // ICS: 13.4.19

void request(hw::Mmio registers) {
    hw::write(registers, hw::Value<e1000::MaskSet>(~u32{0}));
    hw::write(registers, hw::Value<CauseSet>(hw::Value<e1000::Causes>().with<e1000::Causes::LinkChanged>().raw()));
}

// Answers heartbeats, and never an interrupt.
[[noreturn]] void be_silent(driver::Device&) {
    for (;;) wait_for_wake();
}
// Says each time that its device has taken its request back.
[[noreturn]] void claim(driver::Device& device) {
    for (;;)
        if (wait_for_wake() & kInterruptBit) device.acknowledge_line();
}
// Answers what nobody has asked.
[[noreturn]] void babble(driver::Device& device) {
    for (;;) {
        device.acknowledge_line();
        poll_wake();
    }
}
[[noreturn]] void die(driver::Device&) {
    wait_for_wake();
    panic("as it was told");
}
[[noreturn]] void hang(driver::Device&) {
    for (;;) asm volatile("pause");
}
// And joins again before it has answered.
[[noreturn]] void join_again(driver::Device& device) {
    for (;;) {
        wait_for_wake();
        if (!device.connect_interrupt(0, 0, kInterruptBit).ok()) panic("it is refused");
    }
}

constexpr struct {
    const char* name;
    void (*run)(driver::Device& device);
} kWays[] = {{"silent", be_silent}, {"claims", claim}, {"babbles", babble}, {"joins", join_again}, {"hangs", hang}, {"dies", die}};

}  // namespace

int eft_main() {
    auto device = driver::Device::connect();
    if (!device.ok()) panic("no device");
    auto window = device->window(0);
    if (!window.ok()) panic("no registers");
    const auto registers = window->registers(0, e1000::kWindowBytes);
    if (!registers.ok() || !device->connect_interrupt(0, 0, kInterruptBit).ok() || !device->has_line()) panic("no line");
    const auto& way = kWays[(incarnation().number - 1) % std::size(kWays)];
    report_ready();
    log(way.name);
    request(*registers);
    way.run(*device);
    return 0;
}
