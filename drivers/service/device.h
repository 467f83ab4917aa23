// The device that dev has assigned to this driver: its windows, ports, interrupts, and memory that it may reach.
//
// Everything goes through the session with dev that rs has granted as "device"; errors of dev are passed on. When dev dies,
// its calls end with PeerDied, and what was given before goes on working.
#pragma once

#include <eft/cap.h>
#include <eft/hw/dma.h>
#include <eft/hw/mmio.h>
#include <eft/hw/ports.h>
#include <eft/idl/dev.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/shared_memory.h>

namespace eft::driver {

// Mapped registers. `start`: which byte of the device's window the mapping begins with; `length`: of the whole window.
struct Window {
    SharedMemory memory;
    u64 offset = 0;
    u64 start = 0;
    u64 length = 0;

    // Registers at [at, at + bytes) of the device's window; NotSupported where dev keeps them for itself.
    Result<hw::Mmio> registers(u64 at, u64 bytes);
};

class Device {
public:
    // The device that the manifest names. NotFound: it names none for this service.
    static Result<Device> connect();

    dev::DevClient<>& dev() { return dev_; }

    // Of a PCI function, `index` is the BAR. NotFound: there is no memory in it.
    Result<Window> window(u32 index);
    // NotSupported: the device has no ports.
    Result<hw::Ports> ports();

    // From now on the interrupt signals this program with `wake_bits`; answers its number. Of a PCI function, `index` counts
    // its messages; one that has none has an interrupt line as the only one, see acknowledge_line(). `lines`: the I/O APIC
    // inputs that will do for a device of the platform, 0 for any. It ends with this program.
    Result<u32> connect_interrupt(u32 index, u32 lines, u64 wake_bits);

    // Whether the interrupt is a level-triggered line, which other devices may have as well: a wake-up says only that one of
    // them requests. Each is to be acknowledged, when the device has taken its request back or has none; until all drivers
    // have done so, the line is masked. A device whose driver does not acknowledge within a heartbeat is left out until it does.
    bool has_line() const { return line_.slot() != Slot::None; }
    void acknowledge_line();

    // The device may write to memory: without this, it sends no interrupt messages either.
    Status enable_bus_master();

    // Zeroed memory for the device, in one physical piece; pinned until the device was reset after our death. For good.
    Result<hw::DmaMemory> make_dma_memory(u64 bytes);

    // Where the pages of a memory object are for the device, one for each of `addresses`. They stay there until unpin() with
    // the number that this answers, or until the device was reset after our death. OutOfRange: it has fewer pages.
    Result<u32> pin(Slot object, std::span<u64> addresses);
    void unpin(u32 number);

    // `session`: with dev, for one device.
    explicit Device(CapHandle session) : dev_(std::move(session)) {}

private:
    // Those behind the first `done`.
    Status find_pages(u32 pin, std::span<u64> addresses, std::size_t done);
    Result<u32> join_line(CapHandle wake);

    dev::DevClient<> dev_;
    CapHandle ports_;
    CapHandle line_;  // signalled when an interrupt of it has been answered
};

}  // namespace eft::driver
