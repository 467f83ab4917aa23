// hpet: the timer service by an HPET. The device is in hpet.h, the service in drivers/timer.
#include <drivers/hpet/hpet.h>
#include <drivers/service/device.h>
#include <drivers/timer/timer_server.h>

#include <eft/run_server.h>

using namespace eft;

namespace {

constexpr u64 kAlarmBit = 1;
constexpr unsigned kTimer = 0;
constexpr u32 kIsaLines = 0xffff;

Result<hpet::Hpet> try_start(timer::ClockState& state) {
    EFT_TRY(static EFT_PROCESS_LOCAL driver::Device device, driver::Device::connect());
    EFT_TRY(static EFT_PROCESS_LOCAL driver::Window window, device.window(0));
    EFT_TRY(const hw::Mmio registers, window.registers(0, window.length));
    EFT_TRY(hpet::Hpet clock, hpet::Hpet::start(registers, state, kTimer));
    auto connected = device.connect_interrupt(0, clock.possible_lines() & ~kIsaLines, kAlarmBit);
    if (!connected.ok()) connected = device.connect_interrupt(0, clock.possible_lines(), kAlarmBit);  // an i440fx has nothing else
    EFT_TRY(const u32 line, connected);
    EFT_TRY([[maybe_unused]] const u8 input, clock.connect(u32{1} << line));
    return clock;
}

timer::AlarmClock& start_clock(timer::ClockState& state) {
    static EFT_PROCESS_LOCAL auto clock = try_start(state);
    if (!clock.ok()) panic("hpet: there is no timer that can be used");
    return *clock;
}

}  // namespace

int eft_main() {
    timer::Server::Start start = start_clock;
    run_server<timer::Server>(timer::kLayoutVersion, start);
}
