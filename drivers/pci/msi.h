// Message-signalled interrupts without a table (PCI Local Bus 3.0, 6.8.1): one address and one data word in the
// configuration space. Of the up to 32 messages that a function can ask for, Eft gives it one.
#pragma once

#include <drivers/pci/capability.h>

namespace eft::pci {

struct MsiControl : Register<2, u16> {  // 6.8.1.3
    struct Enable : Bitfield<0> {};
    struct MultipleMessageEnable : Bitfield<4, 3> {};  // log2 of how many it may send
    struct Address64 : Bitfield<7> {};
};
struct MsiMessageAddress : Register<4, u32> {};       // 6.8.1.4
struct MsiMessageUpperAddress : Register<8, u32> {};  // 6.8.1.5; only with Address64, and then the data lies behind it
struct MsiMessageData : Register<8, u16> {};          // 6.8.1.6
struct MsiMessageDataBehind : Register<12, u16> {};

struct MsiCapability {
    u8 offset = 0;  // of the capability in the configuration space
    bool wide = false;
};

// Nothing if the function has no MSI.
template <hw::RegisterReader Config>
Result<std::optional<MsiCapability>> find_msi(Config config) {
    EFT_TRY(const std::optional<u8> offset, find_capability(config, CapabilityId::Msi));
    if (!offset) return std::optional<MsiCapability>{};
    hw::Shifted<Config> capability(config, *offset);
    const bool wide = hw::read<MsiControl>(capability).template has<MsiControl::Address64>();
    return std::optional(MsiCapability{*offset, wide});
}

// No message is sent from here on.
template <hw::RegisterAccess Config>
void disable_msi(Config config, const MsiCapability& msi) {
    hw::Shifted<Config> capability(config, msi.offset);
    hw::modify<MsiControl>(capability, [](auto control) { return control.template without<MsiControl::Enable>(); });
}

// From now on the function sends this message. It is off while the message changes, so that no half one is sent.
// NotSupported: the function cannot send it.
template <hw::RegisterAccess Config>
Status set_msi(Config config, const MsiCapability& msi, u64 address, u32 data) {
    if (data > 0xffff || (!msi.wide && address >> 32 != 0)) return Error::NotSupported;
    disable_msi(config, msi);
    hw::Shifted<Config> capability(config, msi.offset);
    const u16 low_data = static_cast<u16>(data);
    hw::write<MsiMessageAddress>(capability, hw::Value<MsiMessageAddress>(static_cast<u32>(address)));
    if (msi.wide) {
        hw::write<MsiMessageUpperAddress>(capability, hw::Value<MsiMessageUpperAddress>(static_cast<u32>(address >> 32)));
        hw::write<MsiMessageDataBehind>(capability, hw::Value<MsiMessageDataBehind>(low_data));
    } else {
        hw::write<MsiMessageData>(capability, hw::Value<MsiMessageData>(low_data));
    }
    hw::modify<MsiControl>(capability, [](auto control) {
        return control.template with<MsiControl::MultipleMessageEnable>(0).template with<MsiControl::Enable>();
    });
    return {};
}

}  // namespace eft::pci
