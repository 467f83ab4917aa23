// The interface Dev (idl/dev.fbs, which has the errors) over the machine's devices: who may ask for what.
//
// A driver's session has the id of its assignment, which is never used again. It reaches its own device only, so requests
// name nothing but numbers within it, and each is checked where it is used. Every check stands before the first change.
//
// dev does not survive its own death, so everything here lies in ordinary memory.
#pragma once

#include <servers/dev/assignments.h>
#include <servers/dev/function_control.h>
#include <servers/dev/shared_lines.h>

#include <eft/idl/dev.h>
#include <eft/layout.h>

namespace eft::dev {

class DeviceServer final : LineDevices {
public:
    // Of dev's notification, 20 times a second; the other bits are of lines.
    static constexpr u64 kTickBit = 1;
    static constexpr u32 kTickMs = 50;

    // `interrupts`: a capability to all of them.
    DeviceServer(PhysicalMemory& memory, ConfigurationSpace& space, const Devices& devices, Slot interrupts)
        : memory_(memory), control_(memory, space), devices_(devices), interrupts_(interrupts), lines_(interrupts, *this) {}

    Result<dev::Assignment> assign(ipc::Context& context, const Match& request);
    Status silence(ipc::Context& context, const AssignmentId& request);
    Status unassign(ipc::Context& context, const AssignmentId& request);
    Result<DeviceLine> next(ipc::Context&, const Cursor& request);
    Result<DeviceInfo> describe(ipc::Context& context, const eft::Empty&);
    Result<Window> open_window(ipc::Context& context, const WindowRequest& request);
    Result<PortWindow> open_ports(ipc::Context& context, const WindowRequest& request);
    Result<Interrupt> open_interrupt(ipc::Context& context, const InterruptRequest& request);
    Status set_bus_master(ipc::Context& context, const BusMaster& request);
    Result<Pinned> pin(ipc::Context& context, PinRequest&& request);
    Result<PinnedPages> pinned_at(ipc::Context& context, const PinQuery& request);
    Status unpin(ipc::Context& context, const Pin& request);
    Result<dev::Line> join_line(ipc::Context& context, LineRequest&& request);

    void woken(u64 bits);

private:
    // A window: its pages relative to `base`, and where the registers themselves start.
    struct Place {
        u64 base = 0;
        u64 registers = 0;
        u64 length = 0;
        Pages pages;
    };

    // For the lines.
    bool connect_line(u32 place, bool connected) override;
    bool is_requesting(u32 place) override;
    void stop(u32 place) override;
    void report(u32 place, std::string_view what) override;

    const Device& device_at(u32 place) { return devices_[assignments_[place].device]; }
    Result<AssignedDevice*> own(const ipc::Context& context);
    Result<dev::Assignment> begin(u32 place, u32 index, const Match& request);
    Status reserve_line(u32 place);
    Status take_line(AssignedDevice::Interrupt& interrupt, const Device& device, u32 wanted);
    Status silence(AssignedDevice& assignment);
    void tick_resets();
    void release(AssignedDevice::Pin& pin);
    void release_pins(AssignedDevice& assignment);
    void take_back(AssignedDevice& assignment);
    Result<Place> window_place(const AssignedDevice& assignment, u32 index);

    PhysicalMemory& memory_;
    FunctionControl control_;
    const Devices& devices_;
    Slot interrupts_;
    Assignments assignments_;
    SharedLines lines_;
    std::array<OwnRegisters, Assignments::kMost> own_{};
    u32 next_id_ = 1;
    u32 next_pin_ = 1;
    // Of the answer in progress.
    Devices::DeviceName name_;
    std::array<u8, pci::kConfigurationSize> configuration_{};
    std::array<u64, PinnedPages::kAddressesMax> addresses_{};
};

}  // namespace eft::dev
