// A device in the hands of one driver service, over all incarnations of it: what was given away, so that it can be taken
// back, and what the device may still write to.
//
// The numbers of its interrupts and the objects of its windows stay the same until the device is given back: an
// incarnation that asks again gets what the one before had.
#pragma once

#include <servers/dev/devices.h>
#include <servers/dev/silence.h>
#include <servers/dev/windows.h>

#include <drivers/virtio/layout.h>

namespace eft::dev {

struct AssignedDevice {
    static constexpr u32 kMostInterrupts = 16;
    static constexpr u32 kMostPins = 64;

    struct Interrupt {
        u32 number = 0;
        Slot parent = Slot::None;  // of what the driver has: an Irq, or how it answers its line. None: not asked for yet
    };
    struct Pin {
        u32 id = 0;  // 0: free. Never used again
        Slot object = Slot::None;
    };

    bool used() const { return id != 0; }
    Result<Pin*> find_pin(u32 number);

    u32 id = 0;
    u32 device = 0;
    u32 answer_ticks = 0;  // how long an interrupt of its line may stay unanswered
    Slot session = Slot::None;  // parent of what rs and the driver have
    Slot ports = Slot::None;    // parent
    bool window_given[pci::kBaseAddresses] = {};
    std::array<Interrupt, kMostInterrupts> interrupts{};
    std::array<Pin, kMostPins> pins{};
};

// Of an assigned PCI function: what dev itself has mapped of it.
struct OwnRegisters {
    std::optional<pci::Configuration> configuration;
    std::optional<hw::Mmio> interrupt_table;  // MSI-X
    std::optional<hw::Mmio> virtio_common;
    std::optional<pci::MsixCapability> msix;
    std::optional<pci::MsiCapability> msi;  // only of a function without MSI-X
    bool bus_master = false;
    bool line = false;  // it may interrupt by its pin
    // How it is reset, if it is no virtio device: by writes to registers of its own, or by a function-level reset.
    BoundedList<OwnReset, 8> own_reset;
    std::optional<hw::Mmio> reset_registers;
    std::optional<u8> express;  // where its capability is
    std::optional<SavedHeader> resetting;  // the function-level reset has begun
    u32 reset_ticks = 0;                   // until it has ended

    // Messages that the function can be given as interrupts; one that has none uses its line.
    u32 messages() const { return msix ? msix->entries : msi ? 1 : 0; }
};

}  // namespace eft::dev
