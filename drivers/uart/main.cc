// uart: the console on a PC's first serial line. The logic is in uart.h (the device) and console.h (the service).
#include <drivers/service/device.h>
#include <drivers/uart/console.h>

#include <eft/kernel_slots.h>
#include <eft/serve_region.h>

using namespace eft;

namespace {

using Server = uart::ConsoleServer<KernelSlots>;
constexpr u64 kLineBit = 1;

Result<hw::Ports> open_line() {
    static auto device = driver::Device::connect();
    if (!device.ok()) return device.error();
    EFT_TRY(const hw::Ports ports, device->ports());
    EFT_TRY([[maybe_unused]] const u32 line, device->connect_interrupt(0, 0, kLineBit));
    return ports;
}

}  // namespace

int eft_main() {
    auto& region = recovered_region<Server::Region>(uart::kLayoutVersion);
    const auto ports = open_line();
    if (!ports.ok()) panic("uart: dev does not give the serial line");
    // The device's own bytes are no part of transactions: see console.h.
    auto line = uart::Uart::start(*ports, const_cast<uart::Buffers&>(region->buffers));
    if (!line.ok()) panic("uart: nothing answers at the serial line's ports");

    static KernelSlots slots;
    Server server(region, *line, slots);
    if (!server.restore().ok()) panic("uart: the sessions cannot be restored");
    server.serve_line();
    const auto again = copy_capability(slot(WellKnown::SelfSignal), kAllRights, kLineBit);
    if (!again.ok()) panic("uart: no slot");
    serve_region<console::Console>(server, region, [&](u64) {
        if (server.serve_line()) sys::signal(again->slot());
    });
}
