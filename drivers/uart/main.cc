// uart: the console on a PC's first serial line. The logic is in uart.h (the device) and console.h (the service).
#include <drivers/service/device.h>
#include <drivers/uart/console.h>

#include <eft/idl/names.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/kernel_slots.h>
#include <eft/panic.h>
#include <eft/server.h>
#include <eft/state/region_commit.h>

using namespace eft;

namespace {

using Server = uart::ConsoleServer<hw::Ports, KernelSlots>;
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
    if (state_memory().size() < Server::Region::kBytes) panic("uart: the state region is too small");
    static Server::Region region(state_memory(), uart::kLayoutVersion);
    const RecoveryOutcome outcome = region.recover(incarnation().replies_delivered);
    if (outcome == RecoveryOutcome::OtherLayout || outcome == RecoveryOutcome::Damaged) region.reset();

    const auto ports = open_line();
    if (!ports.ok()) panic("uart: dev does not give the serial line");
    // The device's own bytes are no part of transactions: see console.h.
    auto line = uart::Uart<hw::Ports>::start(*ports, const_cast<uart::Buffers&>(region->buffers));
    if (!line.ok()) panic("uart: nothing answers at the serial line's ports");

    static KernelSlots slots;
    Server server(region, *line, slots);
    if (!server.restore().ok()) panic("uart: the sessions cannot be restored");
    RegionCommit<ReplyCommit, Server::Clients::View> commit(region.log(), server.view());
    names::NamesClient<> broker{CapHandle(slot(WellKnown::Names))};
    server.serve_line();
    const auto again = copy_capability(slot(WellKnown::SelfSignal), kAllRights, kLineBit);
    if (!again.ok()) panic("uart: no slot");

    ServerLoop loop(&commit);
    loop.run([&](ipc::Context& context, ipc::IncomingMessage& message) { return console::Console::dispatch(server, context, message); },
             [&](u64 bits) {
                 if (bits & static_cast<u64>(WakeBit::Closed)) server.close_ended(broker);
                 if (server.serve_line()) sys::signal(again->slot());
             });
}
