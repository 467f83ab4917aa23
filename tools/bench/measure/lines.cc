// What an interrupt costs whose line is dev's, from the write that makes the device request it until the line can interrupt
// again: the kernel, dev, all drivers that have joined the line, and their answers. It is a driver of an 8254x without
// mitigation; its argument is the figure's key. The median of all rounds counts, because others may run while they start.
//
// Without an argument it only answers. It is more important than the one that measures, so it has answered when that one runs.
#include "figures.h"

#include <drivers/e1000/registers.h>
#include <drivers/service/device.h>

#include <eft/wake.h>

#include <algorithm>
#include <array>

using namespace eft;
using namespace eft::bench;

namespace {

constexpr u32 kRounds = 1000;
constexpr u64 kInterruptBit = 1;
struct CauseSet : hw::Register<0x00c8, u32> {};  // ICS: 13.4.19

void wait_for_interrupt() {
    while ((wait_for_wake() & kInterruptBit) == 0) {
    }
}

void take_back(hw::Mmio registers, driver::Device& device) {
    static_cast<void>(hw::read<e1000::Causes>(registers));
    device.acknowledge_line();
}

u64 measure(hw::Mmio registers, driver::Device& device) {
    const u32 cause = hw::Value<e1000::Causes>().with<e1000::Causes::LinkChanged>().raw();
    hw::write(registers, hw::Value<e1000::MaskSet>(cause));
    static std::array<u64, kRounds> rounds;
    for (u64& round : rounds) {
        const u64 start = sys::time_stamp();
        hw::write(registers, hw::Value<CauseSet>(cause));
        wait_for_interrupt();
        take_back(registers, device);
        round = sys::time_stamp() - start;
    }
    std::sort(rounds.begin(), rounds.end());
    return rounds[kRounds / 2];
}

}  // namespace

int eft_main() {
    auto device = require(driver::Device::connect(), "no device");
    auto window = require(device.window(0), "no registers");
    const hw::Mmio registers = require(window.registers(0, e1000::kWindowBytes), "no registers");
    require(device.connect_interrupt(0, 0, kInterruptBit), "no line");
    report_ready();
    const std::string_view key = field_text(config().arguments);
    if (key.empty()) {
        for (;;) {
            wait_for_interrupt();
            take_back(registers, device);
        }
    }
    require_instruction_counter();
    report(key, measure(registers, device));
    if (key != "irq.shared") return 0;
    rs::RsClient<> supervisor{CapHandle(require_granted("rs"))};
    finish(supervisor);
}
