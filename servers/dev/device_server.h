// The interface Dev (idl/dev.fbs, which has the errors) over the machine's devices: who may ask for what.
//
// A driver's session has the id of its assignment, which is never used again. It reaches its own device only, so requests
// name nothing but numbers within it, and each is checked where it is used. Every check stands before the first change.
//
// dev can die at any instruction. What it has given away lies in its state region, the capabilities that others' are derived
// from in persistent slots, and the device's registers are as they were. Each change is committed by itself, when what it says
// is true; who asks again after PeerDied finds it done, or does it again:
//   1  assign: the assignment is Beginning, and whatever of it is there is taken back; the caller asks again
//   2  take_back: it is Ending, and is taken back to the end, by the next incarnation or by the repeated request
//   3  give_interrupt, open_ports: a capability in the slot of what was not given yet: it is made again
//   4  pin: the object is in its slot, and mem may have pinned it; the caller does not know the pin's id: it is unpinned
//   5  release: mem has unpinned the object, the pin is still there: it is unpinned again
//   6  silence: a function-level reset may have begun or not: it is waited for, and begun again
//   7  join_line: the driver's notification is in its slot, and the line does not know it: the driver asks again
//   8  an interrupt or an answer that was taken and not acted upon: everybody on the lines is asked
#pragma once

#include <servers/dev/function_control.h>
#include <servers/dev/shared_lines.h>
#include <servers/dev/state.h>

#include <eft/session_slots.h>

#include <eft/idl/dev.h>
#include <eft/layout.h>

namespace eft::dev {

class DeviceServer final : LineDevices {
public:
    // Of dev's notification, 20 times a second; the other bits are of lines.
    static constexpr u64 kTickBit = 1;
    static constexpr u32 kTickMs = 50;

    // `interrupts`: a capability to all of them. Nothing works before recover().
    DeviceServer(std::span<std::byte> memory_of_region, PhysicalMemory& memory, ConfigurationSpace& space, const Devices& devices, Slot interrupts)
        : region_(memory_of_region, kStateVersion),
          assignments_(region_->assignments),
          memory_(memory),
          control_(memory, space),
          devices_(devices),
          interrupts_(interrupts),
          lines_(interrupts, *this) {}

    // Before the first request. Errors: the state cannot be used, or a device's registers cannot be mapped.
    Status recover(u64 replies_delivered);
    UndoLog& log() { return region_.log(); }

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

    const Device& device_at(u32 place) const { return devices_[assignments_[place].device]; }
    Result<const AssignedDevice*> own(const ipc::Context& context) const;
    Status take_up(u32 place);
    Status begin(u32 place, u32 index, const Match& request);
    Result<dev::Assignment> answer_with(u32 place);
    Result<dev::Assignment> finish_beginning(u32 place);
    Status take_line(u32 place, u32 wanted);
    // Parent of what the driver gets, under this number.
    Status give_interrupt(u32 place, u32 index, u32 number, Slot source, Rights rights, u64 detail);
    Status silence(u32 place);
    void begin_reset(u32 place);
    void tick_resets();
    void finish_reset(u32 place);
    bool is_pinned_otherwise(u32 place, u32 index) const;
    Status release(u32 place, u32 index);
    Status release_pins(u32 place);
    Status take_back(u32 place);
    Status make_parent(u32 at, Slot source, Rights rights, u64 detail);
    void end_parent(u32 at);
    Result<Place> window_place(const AssignedDevice& assignment, u32 index);
    // One field of the state changes, at once.
    template <class U>
    Status note(const U& field, const std::type_identity_t<U>& value) {
        Transaction change = region_.begin();
        EFT_CHECK(change.write(field, value));
        return change.commit_now();
    }

    Region region_;
    const Assignments& assignments_;
    PhysicalMemory& memory_;
    FunctionControl control_;
    const Devices& devices_;
    Slot interrupts_;
    SharedLines lines_;
    SessionSlots slots_;
    std::array<OwnRegisters, Assignments::kMost> own_{};
    // Of the answer in progress.
    Devices::DeviceName name_;
    std::array<u64, PinnedPages::kAddressesMax> addresses_{};
};

}  // namespace eft::dev
