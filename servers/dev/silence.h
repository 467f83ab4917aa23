// Making a device quiet when its driver has died, before the driver's memory is used again.
//
// In this order: no interrupts any more, no *new* bus master transfers, and then a reset that is
// waited for. Clearing bus mastering alone need not stop a transfer under way (PCI Local Bus 3.0,
// 6.2.2 only promises that none is begun), so the answer says whether the device has *reported* that
// it is quiet; if not, the pages it knew stay pinned.
//
// virtio is reset by its own register, which takes microseconds. A function-level reset takes at
// least 100 ms (PCI Express Base, 6.6.2), in which dev serves others: so it has two halves.
#pragma once

#include <drivers/pci/msi.h>
#include <drivers/pci/msix.h>
#include <drivers/virtio/common.h>
#include <servers/dev/pci_bars.h>

#include <array>
#include <optional>

namespace eft::dev {

// What a driver needs of the command register (6.2.2).
struct Decoding {
    bool memory = false;
    bool io = false;
    bool bus_master = false;
};

// INTx stays off: Eft's drivers of PCI devices use messages.
template <hw::RegisterAccess Config>
void set_decoding(Config config, Decoding decoding) {
    hw::modify<pci::Command>(config, [&](auto command) {
        return command.template with<pci::Command::MemorySpace>(decoding.memory)
            .template with<pci::Command::IoSpace>(decoding.io)
            .template with<pci::Command::BusMaster>(decoding.bus_master)
            .template with<pci::Command::InterruptDisable>();
    });
}

// PCI Express capability: 7.5.3.
struct ExpressDeviceCapabilities : hw::Register<0x04, u32> {
    struct FunctionLevelReset : Bitfield<28> {};
};
struct ExpressDeviceControl : hw::Register<0x08, u16> {
    struct InitiateReset : Bitfield<15> {};
};
struct ExpressDeviceStatus : hw::Register<0x0a, u16> {
    struct TransactionsPending : Bitfield<5> {};
};
constexpr u64 kResetNanoseconds = 100'000'000;  // 6.6.2: before the function is touched again

// The offset of the express capability, if the function can be reset by it.
template <hw::RegisterReader Config>
Result<std::optional<u8>> find_function_reset(Config config) {
    EFT_TRY(const std::optional<u8> express, pci::find_capability(config, pci::CapabilityId::Express));
    if (!express) return std::optional<u8>{};
    hw::Shifted<Config> capability(config, *express);
    const auto capabilities = hw::read<ExpressDeviceCapabilities>(capability);
    if (!capabilities.template has<ExpressDeviceCapabilities::FunctionLevelReset>())
        return std::optional<u8>{};
    return express;
}

// Step 1 for every device: no interrupts, no new transfers. Memory decoding stays as it is, because
// the reset may need the registers.
template <hw::RegisterAccess Config>
Status quiesce(Config config) {
    // Bus mastering first: it also ends MSI messages, and needs no capability list to be sane.
    hw::modify<pci::Command>(config, [](auto command) {
        return command.template without<pci::Command::BusMaster>()
            .template with<pci::Command::InterruptDisable>();
    });
    EFT_TRY(const std::optional<pci::MsixCapability> msix, pci::find_msix(config));
    if (msix) pci::mask_msix(config, *msix);
    EFT_TRY(const std::optional<pci::MsiCapability> msi, pci::find_msi(config));
    if (msi) pci::disable_msi(config, *msi);
    return {};
}

// Step 2 for a virtio device, through its mapped common configuration. Ok: it has reported that it
// is reset, and no memory is in its hands any more. TimedOut: it has not.
template <hw::RegisterAccess Config, hw::RegisterAccess Common, hw::Pause P>
Status virtio_reset(Config config, Common common, P pause) {
    // The driver, or its device, may have turned decoding off: then the write would go nowhere, and
    // reads would say all ones.
    hw::modify<pci::Command>(config, [](auto command) {
        return command.template with<pci::Command::MemorySpace>();
    });
    return virtio::reset_device(common, pause);
}

// What a function-level reset takes away and nobody else remembers.
struct SavedHeader {
    hw::Value<pci::Command> command;
    std::array<hw::Value<pci::BaseAddress>, pci::kBaseAddresses> bars;
    hw::Value<pci::CacheLineSize> cache_line;
    hw::Value<pci::InterruptLine> interrupt_line;
};

// Step 2 for a function with an express capability, first half: waits for transfers under way as
// long as `pause` allows (6.6.2 asks for that before the reset, but a hung one must not prevent
// it), then starts the reset. Afterwards nobody touches the function for kResetNanoseconds.
template <hw::RegisterAccess Config, hw::Pause P>
SavedHeader begin_function_reset(Config config, u8 express, P pause) {
    SavedHeader saved;
    saved.command = hw::read<pci::Command>(config);
    saved.cache_line = hw::read<pci::CacheLineSize>(config);
    saved.interrupt_line = hw::read<pci::InterruptLine>(config);
    for (u32 i = 0; i < pci::kBaseAddresses; ++i) saved.bars[i] = hw::read<pci::BaseAddress>(config, i);

    hw::Shifted<Config> capability(config, express);
    const Status drained = hw::wait_until(
        [&] {
            return !hw::read<ExpressDeviceStatus>(capability)
                        .template has<ExpressDeviceStatus::TransactionsPending>();
        },
        pause);
    static_cast<void>(drained);  // if not: the reset ends them
    hw::modify<ExpressDeviceControl>(capability, [](auto control) {
        return control.template with<ExpressDeviceControl::InitiateReset>();
    });
    return saved;
}

// Second half, kResetNanoseconds later: waits until the function answers again (it may answer "not
// yet", which reads as an absent function) and puts its windows back. Bus mastering stays off.
template <hw::RegisterAccess Config, hw::Pause P>
Status finish_function_reset(Config config, const SavedHeader& saved, P pause) {
    EFT_CHECK(hw::wait_until(
        [&] { return hw::read<pci::VendorId>(config).raw() != pci::kNoVendor; }, pause));
    for (u32 i = 0; i < pci::kBaseAddresses; ++i) hw::write<pci::BaseAddress>(config, saved.bars[i], i);
    hw::write<pci::CacheLineSize>(config, saved.cache_line);
    hw::write<pci::InterruptLine>(config, saved.interrupt_line);
    hw::write<pci::Command>(config, saved.command.template without<pci::Command::BusMaster>());
    return {};
}

}  // namespace eft::dev
