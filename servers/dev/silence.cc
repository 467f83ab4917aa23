// The register writes that make a device quiet, in their order: see silence.h.
#include <servers/dev/silence.h>

namespace eft::dev {

namespace {

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
constexpr u32 kExpressLength = 12;  // as far as it is used

// The driver, or its device, may have turned decoding off: then a write would go nowhere, and reads would say all ones.
void decode_memory(const pci::Configuration& config) {
    hw::modify<pci::Command>(config, [](auto command) { return command.template with<pci::Command::MemorySpace>(); });
}

}  // namespace

void set_decoding(const pci::Configuration& config, Decoding decoding) {
    hw::modify<pci::Command>(config, [&](auto command) {
        return command.template with<pci::Command::MemorySpace>(decoding.memory)
            .template with<pci::Command::IoSpace>(decoding.io)
            .template with<pci::Command::BusMaster>(decoding.bus_master)
            .template with<pci::Command::InterruptDisable>(!decoding.line);
    });
}

Result<std::optional<u8>> find_function_reset(const pci::Configuration& config) {
    EFT_TRY(const std::optional<u8> express, pci::find_capability(config, pci::CapabilityId::Express, kExpressLength));
    if (!express) return std::optional<u8>{};
    const auto capabilities = hw::read<ExpressDeviceCapabilities>(config.part(*express));
    if (!capabilities.has<ExpressDeviceCapabilities::FunctionLevelReset>()) return std::optional<u8>{};
    return express;
}

Status quiesce(const pci::Configuration& config) {
    quiesce(config, {}, {});  // needs no capability list to be sane
    EFT_TRY(const std::optional<pci::MsixCapability> msix, pci::find_msix(config));
    if (msix) pci::mask_msix(config, *msix);
    EFT_TRY(const std::optional<pci::MsiCapability> msi, pci::find_msi(config));
    if (msi) pci::disable_msi(config, *msi);
    return {};
}

void quiesce(const pci::Configuration& config, const std::optional<pci::MsixCapability>& msix, const std::optional<pci::MsiCapability>& msi) {
    // Bus mastering first: it also ends MSI messages.
    hw::modify<pci::Command>(
        config, [](auto command) { return command.template without<pci::Command::BusMaster>().template with<pci::Command::InterruptDisable>(); });
    if (msix) pci::mask_msix(config, *msix);
    if (msi) pci::disable_msi(config, *msi);
}

Status virtio_reset(const pci::Configuration& config, hw::Mmio common, hw::Looks looks) {
    decode_memory(config);
    return virtio::reset_device(common, looks);
}

// A device in reset may not answer at once (the 8254x needs a microsecond), and reads of configuration space take that time.
Status own_reset(const pci::Configuration& config, hw::Mmio registers, std::span<const OwnReset> writes, hw::Looks looks) {
    constexpr int kConfigurationReads = 16;
    decode_memory(config);
    for (const OwnReset& write : writes) {
        registers.write<u32>(write.offset, write.value);
        if (write.until_clear == 0) continue;
        for (int i = 0; i < kConfigurationReads; ++i) static_cast<void>(hw::read<pci::VendorId>(config));
        EFT_CHECK(hw::wait_until([&] { return (registers.read<u32>(write.offset) & write.until_clear) == 0; }, looks));
    }
    return {};
}

SavedHeader save_header(const pci::Configuration& config) {
    SavedHeader saved;
    saved.command = hw::read<pci::Command>(config);
    saved.cache_line = hw::read<pci::CacheLineSize>(config);
    saved.interrupt_line = hw::read<pci::InterruptLine>(config);
    for (u32 i = 0; i < pci::kBaseAddresses; ++i) saved.bars[i] = hw::read<pci::BaseAddress>(config, i);
    return saved;
}

void begin_function_reset(const pci::Configuration& config, u8 express, hw::Looks looks) {
    const pci::Configuration capability = config.part(express);
    const Status drained =
        hw::wait_until([&] { return !hw::read<ExpressDeviceStatus>(capability).has<ExpressDeviceStatus::TransactionsPending>(); }, looks);
    static_cast<void>(drained);  // if not: the reset ends them
    hw::modify<ExpressDeviceControl>(capability, [](auto control) { return control.template with<ExpressDeviceControl::InitiateReset>(); });
}

Status finish_function_reset(const pci::Configuration& config, const SavedHeader& saved, hw::Looks looks) {
    EFT_CHECK(hw::wait_until([&] { return hw::read<pci::VendorId>(config).raw() != pci::kNoVendor; }, looks));
    for (u32 i = 0; i < pci::kBaseAddresses; ++i) hw::write<pci::BaseAddress>(config, saved.bars[i], i);
    hw::write<pci::CacheLineSize>(config, saved.cache_line);
    hw::write<pci::InterruptLine>(config, saved.interrupt_line);
    hw::write<pci::Command>(config, saved.command.without<pci::Command::BusMaster>());
    return {};
}

}  // namespace eft::dev
