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

// Nothing if the function has no MSI. BadFormat: its capabilities are damaged.
Result<std::optional<MsiCapability>> find_msi(const Configuration& config);

// No message is sent from here on.
void disable_msi(const Configuration& config, const MsiCapability& msi);

// From now on the function sends this message. It is off while the message changes, so that no half one is sent.
// NotSupported: the function cannot send it.
Status set_msi(const Configuration& config, const MsiCapability& msi, u64 address, u32 data);

}  // namespace eft::pci
