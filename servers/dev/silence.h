// Making a device quiet when its driver has died, before the driver's memory is used again.
//
// In this order: no interrupts any more, no *new* bus master transfers, and then a reset that is
// waited for. Clearing bus mastering alone need not stop a transfer under way (PCI Local Bus 3.0,
// 6.2.2 only promises that none is begun), so the answer says whether the device has *reported* that
// it is quiet; if not, the pages it knew stay pinned.
//
// virtio is reset by its own register, which takes microseconds; others by registers that the manifest names. A function-level
// reset takes at least 100 ms (PCI Express Base, 6.6.2), in which dev serves others: so it has two halves.
#pragma once

#include <drivers/pci/msi.h>
#include <drivers/pci/msix.h>
#include <drivers/virtio/common.h>
#include <servers/dev/pci_bars.h>

#include <array>
#include <optional>
#include <span>

namespace eft::dev {

// What a driver needs of the command register (6.2.2).
struct Decoding {
    bool memory = false;
    bool io = false;
    bool bus_master = false;
    bool line = false;  // it interrupts by its pin
};

void set_decoding(const pci::Configuration& config, Decoding decoding);

constexpr u64 kResetNanoseconds = 100'000'000;  // PCI Express Base, 6.6.2: before the function is touched again

// The offset of the express capability, if the function can be reset by it.
Result<std::optional<u8>> find_function_reset(const pci::Configuration& config);

// Step 1 for every device: no interrupts, no new transfers. Memory decoding stays as it is, because
// the reset may need the registers. BadFormat: the capability list is damaged; bus mastering is off nevertheless.
Status quiesce(const pci::Configuration& config);
// The same where the capabilities that the function has of these are known.
void quiesce(const pci::Configuration& config, const std::optional<pci::MsixCapability>& msix, const std::optional<pci::MsiCapability>& msi);

// Step 2 for a virtio device, through its mapped common configuration. Ok: it has reported that it
// is reset, and no memory is in its hands any more. TimedOut: it has not.
Status virtio_reset(const pci::Configuration& config, hw::Mmio common, hw::Looks looks);

// The same for a device whose reset is writes to registers of its own, at offsets into `registers`. TimedOut:
// bits that are to become clear do not.
struct OwnReset {
    u32 offset = 0;
    u32 value = 0;
    u32 until_clear = 0;
};
Status own_reset(const pci::Configuration& config, hw::Mmio registers, std::span<const OwnReset> writes, hw::Looks looks);

// What a function-level reset takes away and nobody else remembers: to be saved before it.
struct SavedHeader {
    hw::Value<pci::Command> command;
    std::array<hw::Value<pci::BaseAddress>, pci::kBaseAddresses> bars;
    hw::Value<pci::CacheLineSize> cache_line;
    hw::Value<pci::InterruptLine> interrupt_line;
};
SavedHeader save_header(const pci::Configuration& config);

// Step 2 for a function with an express capability, first half: waits for transfers under way as
// long as `looks` allow (6.6.2 asks for that before the reset, but a hung one must not prevent
// it), then starts the reset. Afterwards nobody touches the function for kResetNanoseconds.
void begin_function_reset(const pci::Configuration& config, u8 express, hw::Looks looks);

// Second half, kResetNanoseconds later: waits until the function answers again (it may answer "not
// yet", which reads as an absent function) and puts its windows back. Bus mastering stays off.
Status finish_function_reset(const pci::Configuration& config, const SavedHeader& saved, hw::Looks looks);

}  // namespace eft::dev
