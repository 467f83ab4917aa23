// hpet: the timer service. The logic is in hpet.h (the device) and timer_server.h (the service).
#include <drivers/hpet/timer_server.h>
#include <drivers/service/device.h>

#include <eft/kernel_slots.h>
#include <eft/serve_region.h>

using namespace eft;

namespace {

using hpet::Hpet;
using Server = hpet::TimerServer<KernelSlots>;
constexpr u64 kAlarmBit = 1;
constexpr unsigned kTimer = 0;

Result<Hpet> start_clock(hpet::ClockState& state) {
    EFT_TRY(static driver::Device device, driver::Device::connect());
    EFT_TRY(static driver::Window window, device.window(0));
    EFT_TRY(const hw::Mmio registers, window.registers(0, window.length));
    EFT_TRY(Hpet clock, Hpet::start(registers, state, kTimer));
    EFT_TRY(const u32 line, device.connect_interrupt(0, clock.possible_lines(), kAlarmBit));
    EFT_TRY([[maybe_unused]] const u8 connected, clock.connect(u32{1} << line));
    return clock;
}

}  // namespace

int eft_main() {
    auto& region = recovered_region<Server::Region>(hpet::kLayoutVersion);
    // The clock's state is no part of transactions: see hpet.h.
    auto clock = start_clock(const_cast<hpet::ClockState&>(region->clock));
    if (!clock.ok()) panic("hpet: there is no timer that can be used");
    static KernelSlots slots;
    static Server server(region, *clock, slots);
    if (!server.restore().ok()) panic("hpet: the timers cannot be restored");
    serve_region<timer::TimerService>(server, region, [](u64) {
        if (!server.expire().ok()) panic("hpet: the counter is no clock");
    });
}
