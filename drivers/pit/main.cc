// pit: the timer service by an 8254, where the manifest's first driver of it, hpet, has no device. The device is in pit.h, the
// service in drivers/timer.
#include <drivers/pit/pit.h>
#include <drivers/service/device.h>
#include <drivers/timer/timer_server.h>

#include <eft/run_server.h>

using namespace eft;

namespace {

constexpr u64 kAlarmBit = 1;

timer::AlarmClock& start_clock(timer::ClockState& state) {
    static EFT_PROCESS_LOCAL auto device = driver::Device::connect();
    if (!device.ok()) panic("pit: the manifest gives no device");
    static EFT_PROCESS_LOCAL auto ports = device->ports();
    if (!ports.ok() || config().ticks_per_ms == 0) panic("pit: the device's ports are not to be had, or the time stamp's rate");
    if (!device->connect_interrupt(0, 0, kAlarmBit).ok()) panic("pit: the device's interrupt is not to be had");
    static EFT_PROCESS_LOCAL pit::Pit clock(*ports, sys::time_stamp, config().ticks_per_ms, state);
    return clock;
}

}  // namespace

int eft_main() {
    timer::Server::Start start = start_clock;
    run_server<timer::Server>(timer::kLayoutVersion, start);
}
