// dev: finds the machine's devices and gives each driver exactly its own. The interface is idl/dev.fbs.
#include <servers/dev/acpi.h>
#include <servers/dev/device_server.h>

#include <eft/panic.h>
#include <eft/process.h>
#include <eft/server.h>
#include <eft/state/region_commit.h>
#include <eft/state_memory.h>

namespace eft::dev {
namespace {

// "rsdp=" and the root pointer's bytes in hexadecimal.
Result<Bytes> root_pointer_of(std::string_view arguments) {
    static EFT_PROCESS_LOCAL std::array<std::byte, kRsdpLength2> bytes;
    constexpr std::string_view kKey = "rsdp=";
    const std::size_t at = arguments.find(kKey);
    if (at == arguments.npos) return Error::NotFound;
    const std::string_view digits = arguments.substr(at + kKey.size());
    if (digits.size() < 2 * bytes.size()) return Error::BadFormat;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        FixedText<4> pair("0x");
        EFT_TRY(const u64 value, parse_u64(pair.append(digits.substr(2 * i, 2)).view()));
        bytes[i] = static_cast<std::byte>(value);
    }
    return Bytes(bytes);
}

// A machine whose tables are damaged or absent still has the devices that every PC has at the same places.
Machine read_machine(PhysicalMemory& memory) {
    Machine machine;
    const bool rtc = field_text(config().arguments).find("tick=rtc") != std::string_view::npos;
    machine.root_clock = rtc ? Machine::RootClock::Rtc : Machine::RootClock::Pit;
    machine.spare_pit = granted("ports/pit").ok();
    const auto pointer = root_pointer_of(field_text(config().arguments));
    if (!pointer.ok()) {
        log("no ACPI tables: platform devices only");
    } else if (const Status read = read_acpi(memory, *pointer, machine); !read.ok()) {
        FixedText<100> line("not all of the ACPI tables can be used: ");
        log(line.append(to_string(read.error())));
    }
    return machine;
}

void find(Found& found, PhysicalMemory& memory, ConfigurationSpace& space) {
    const Machine machine = read_machine(memory);
    found.windows = machine.ecam;
    space.open(found.windows);
    undo_measuring(found, space);
    if (Status listed = find_devices(found, machine, space); !listed.ok()) {
        FixedText<100> line("not all devices were found: ");
        log(line.append(to_string(listed.error())));
    }
    store_word(found.complete, 1);
}

}  // namespace
}  // namespace eft::dev

int eft_main() {
    using namespace eft;
    using namespace eft::dev;
    const Result<Slot> interrupts = granted("irqs"), configuration_ports = granted("ports/pci");
    static EFT_PROCESS_LOCAL PhysicalMemory memory;
    if (!interrupts.ok() || !configuration_ports.ok() || !memory.open().ok()) panic("dev: cannot start with what root gave");
    static EFT_PROCESS_LOCAL ConfigurationSpace space(memory, *configuration_ports);
    const std::span<std::byte> state = state_memory_of<kStateBytes>();
    if (SessionSlots::count() < kPersistentSlots) panic_for_slots(kPersistentSlots);
    Found& found = *std::launder(reinterpret_cast<Found*>(state.data() + kFoundOffset));
    if (found.complete == 0) find(found, memory, space);
    else space.open(found.windows);
    static EFT_PROCESS_LOCAL DeviceServer server(state, memory, space, found.devices, *interrupts);
    if (!server.recover(incarnation().replies_delivered).ok()) panic("dev: what was given away cannot be taken up");
    FixedText<100> line("ready, ");
    log(line.decimal(found.devices.count()).append(" devices"));

    static EFT_PROCESS_LOCAL RegionCommit commit(server.log());
    ServerLoop loop(&commit);
    loop.run([](ipc::Context& context, ipc::IncomingMessage& message) {
        const ipc::Outcome outcome = Dev::dispatch(server, context, message);
        // Capabilities in answers are given up. Moved, because deleting the copy of an interrupt would unbind it.
        if (message.registers.tag.caps() != 0) message.registers.tag = message.registers.tag.with(Tag::Move);
        return outcome;
    }, [](u64 bits) { server.woken(bits); });
}
