// uart: the console on a PC's first serial line. The device is in uart.h, the service in console.h.
#include <drivers/service/device.h>
#include <drivers/uart/console.h>

#include <eft/run_server.h>

using namespace eft;

namespace {

constexpr u64 kLineBit = 1;

Result<hw::Ports> open_line() {
    EFT_TRY(static EFT_PROCESS_LOCAL driver::Device device, driver::Device::connect());
    EFT_TRY(const hw::Ports ports, device.ports());
    EFT_TRY([[maybe_unused]] const u32 line, device.connect_interrupt(0, 0, kLineBit));
    return ports;
}

}  // namespace

int eft_main() {
    const auto ports = open_line();
    if (!ports.ok()) panic("uart: dev does not give the serial line");
    run_server<uart::ConsoleServer>(uart::kLayoutVersion, *ports);
}
