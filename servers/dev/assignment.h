// A device in the hands of one driver service, over all incarnations of it: what was given away, so that it can be taken
// back, and what the device may still write to.
//
// The numbers of its interrupts and the objects of its windows stay the same until the device is given back: an
// incarnation that asks again gets what the one before had.
//
// A part of dev's state region; the capabilities are in persistent slots (Slots). dev can die at any instruction: device_server.h.
#pragma once

#include <servers/dev/devices.h>
#include <servers/dev/silence.h>
#include <servers/dev/windows.h>

#include <drivers/virtio/layout.h>

#include <eft/idl/dev.h>

namespace eft::dev {

struct AssignedDevice {
    static constexpr u32 kMostInterrupts = 16;
    static constexpr u32 kMostPins = 32;

    // Beginning and Ending: it is being assigned, or taken back.
    enum class Phase : u8 { Free, Beginning, Assigned, Ending };
    struct Interrupt {
        u32 number = 0;
        bool given = false;  // it was asked for; what the driver has of it, an Irq or how it answers its line, is a copy
    };
    struct Pin {
        u32 id = 0;  // 0: free. Never used again
        bool done = false;  // the caller knows its id; else mem may not have pinned it
    };

    bool used() const { return phase != Phase::Free; }
    Result<u32> find_pin(u32 number) const;

    Phase phase = Phase::Free;
    u32 id = 0;
    u32 device = 0;
    u32 key = 0;  // its asker's number for it; 0: none
    u32 answer_ticks = 0;  // how long an interrupt of its line may stay unanswered
    bool ports_given = false;
    bool on_line = false;    // its driver has joined the line
    bool resetting = false;  // a function-level reset has begun, or was about to
    SavedHeader saved{};     // before it
    bool window_given[pci::kBaseAddresses] = {};
    // What the manifest says of the device's own reset.
    u32 reset_window = 0;
    BoundedList<RegisterWrite, dev::Match::kResetMax> reset;
    std::array<Interrupt, kMostInterrupts> interrupts{};
    std::array<Pin, kMostPins> pins{};
};

// Numbers of persistent slots (<eft/session_slots.h>), by the place of an assignment.
namespace assigned_slots {
constexpr u32 kEach = 3 + AssignedDevice::kMostInterrupts + AssignedDevice::kMostPins;
// Parent of what rs and the driver have.
constexpr u32 session(u32 place) { return place * kEach; }
// Parent.
constexpr u32 ports(u32 place) { return place * kEach + 1; }
// Signalled at the interrupts of its line.
constexpr u32 wake(u32 place) { return place * kEach + 2; }
// Parent.
constexpr u32 interrupt(u32 place, u32 index) { return place * kEach + 3 + index; }
constexpr u32 pin(u32 place, u32 index) { return place * kEach + 3 + AssignedDevice::kMostInterrupts + index; }
}  // namespace assigned_slots

// Of an assigned PCI function: what this incarnation of dev has mapped of it.
struct OwnRegisters {
    std::optional<pci::Configuration> configuration;
    // Its registers as they were when a driver first asked for them: by ports, reading all takes longer than the rest of what a
    // driver does at its start.
    std::optional<std::array<u8, pci::kConfigurationSize>> described;
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
    u32 reset_ticks = 0;        // until the function-level reset has ended
    bool reset_again = false;   // it may not have begun before the incarnation that wanted it died

    // Messages that the function can be given as interrupts; one that has none uses its line.
    u32 messages() const { return msix ? msix->entries : msi ? 1 : 0; }
};

}  // namespace eft::dev
