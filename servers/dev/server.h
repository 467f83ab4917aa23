// The interface Dev over the machine's devices: who may ask for what.
//
// A driver's session has the id of its assignment, which is never used again. It reaches its own device only, so requests
// name nothing but numbers within it, and each is checked where it is used. Every check stands before the first change.
#pragma once

#include <servers/dev/assignments.h>
#include <servers/dev/function_control.h>

#include <eft/idl/dev.h>
#include <eft/layout.h>

namespace eft::dev {

template <World W>
class DeviceServer {
public:
    DeviceServer(W& world, const Devices& devices) : world_(world), control_(world), devices_(devices) {}

    Result<dev::Assignment> assign(ipc::Context&, const Match& request) {
        EFT_TRY(const u32 index, devices_.find(request.device, request.index));
        if (assignments_.has(index)) return Error::Busy;
        EFT_TRY(const u32 place, assignments_.free_place());
        return begin(place, index);
    }

    Status silence(ipc::Context&, const AssignmentId& request) {
        EFT_TRY(AssignedDevice * assignment, assignments_.find_id(request.id));
        return silence(*assignment);
    }

    // The device is silenced first; one that is not reset keeps its pins, and stays assigned.
    Status unassign(ipc::Context&, const AssignmentId& request) {
        EFT_TRY(AssignedDevice * assignment, assignments_.find_id(request.id));
        EFT_CHECK(silence(*assignment));
        take_back(*assignment);
        return {};
    }

    Result<DeviceLine> next(ipc::Context&, const Cursor& request) {
        if (request.after >= devices_.count()) return Error::NotFound;
        name_ = Devices::name_of(devices_[request.after]);
        DeviceLine line;
        line.index = request.after + 1;
        line.text = name_.view();
        return line;
    }

    Result<DeviceInfo> describe(ipc::Context& context, const eft::Empty&) {
        EFT_TRY(const AssignedDevice* assignment, own(context));
        const Device& device = devices_[assignment->device];
        DeviceInfo info;
        if (device.kind == DeviceKind::Platform) {
            info.interrupts = device.platform.lines != 0;
            info.windows = 1;
            return info;
        }
        Own& registers = own_[place_of(*assignment)];
        for (u32 i = 0; i < configuration_.size(); ++i)
            configuration_[i] = registers.configuration->template read<u8>(i);
        info.vendor = device.function.vendor;
        info.device = device.function.device;
        info.class_code = u32{device.function.base_class} << 16 | u32{device.function.sub_class} << 8 | device.function.programming_interface;
        info.config = configuration_;
        info.interrupts = std::min(registers.messages(), AssignedDevice::kMostInterrupts);
        info.windows = pci::kBaseAddresses;
        return info;
    }

    Result<Window> open_window(ipc::Context& context, const WindowRequest& request) {
        EFT_TRY(AssignedDevice * assignment, own(context));
        if (request.index >= pci::kBaseAddresses) return Error::OutOfRange;
        EFT_TRY(const Place place, window_place(*assignment, request.index));
        Window window;
        window.bytes = place.pages.bytes();
        window.offset = static_cast<u32>(place.registers - place.base);
        window.start = place.pages.start;
        window.length = place.length;
        if (place.pages.empty()) return window;
        EFT_TRY(const Slot object, world_.window(place.base + place.pages.start, place.pages.bytes()));
        assignment->window_given[request.index] = true;
        window.memory = window.memory.owning(object);
        return window;
    }

    Result<PortWindow> open_ports(ipc::Context& context, const WindowRequest& request) {
        EFT_TRY(AssignedDevice * assignment, own(context));
        const Device& device = devices_[assignment->device];
        if (device.kind != DeviceKind::Platform || device.platform.port_count == 0) return Error::NotSupported;
        if (request.index != 0) return Error::OutOfRange;
        if (assignment->ports == Slot::None) {
            EFT_TRY(assignment->ports, world_.make_ports(device.platform.first_port, device.platform.port_count));
        }
        EFT_TRY(const Slot ports, world_.copy(assignment->ports));
        PortWindow window;
        window.ports = window.ports.owning(ports);
        window.first = device.platform.first_port;
        window.count = device.platform.port_count;
        return window;
    }

    Result<Interrupt> open_interrupt(ipc::Context& context, const InterruptRequest& request) {
        EFT_TRY(AssignedDevice * assignment, own(context));
        const Device& device = devices_[assignment->device];
        const bool platform = device.kind == DeviceKind::Platform;
        Own& registers = own_[place_of(*assignment)];
        const u32 count = platform ? (device.platform.lines != 0) : registers.messages();
        if (count == 0) return Error::NotSupported;
        if (request.index >= std::min(count, AssignedDevice::kMostInterrupts)) return Error::OutOfRange;
        auto& interrupt = assignment->interrupts[request.index];
        if (interrupt.parent == Slot::None) {
            EFT_TRY(const u32 number, platform ? assignments_.free_line(device.platform.lines, request.lines) : assignments_.free_message());
            if (platform) EFT_CHECK(world_.set_line_mode(number, device.platform.level, device.platform.active_low));
            EFT_TRY(interrupt.parent, world_.make_interrupt(number));
            interrupt.number = number;
        }
        if (!platform) {  // silencing has masked it
            EFT_TRY(const Message message, world_.message(interrupt.number));
            EFT_CHECK(control_.set_message(registers, static_cast<u16>(request.index), message));
        }
        EFT_TRY(const Slot copy, world_.copy(interrupt.parent));
        Interrupt answer;
        answer.irq = answer.irq.owning(copy);
        answer.number = interrupt.number;
        return answer;
    }

    Status set_bus_master(ipc::Context& context, const BusMaster& request) {
        EFT_TRY(AssignedDevice * assignment, own(context));
        const Device& device = devices_[assignment->device];
        if (device.kind == DeviceKind::Platform) return Error::NotSupported;
        control_.set_bus_master(device, own_[place_of(*assignment)], request.enabled);
        return {};
    }

    Result<Pinned> pin(ipc::Context& context, PinRequest&& request) {
        EFT_TRY(AssignedDevice * assignment, own(context));
        if (devices_[assignment->device].kind == DeviceKind::Platform) return Error::NotSupported;
        for (auto& pin : assignment->pins) {
            if (pin.id != 0) continue;
            EFT_TRY(const u32 pages, world_.pages(request.object.slot(), 0, {}));
            EFT_CHECK(world_.pin(request.object.slot()));
            pin = {next_pin_++, request.object.release()};
            Pinned answer;
            answer.pin = pin.id;
            answer.pages = pages;
            return answer;
        }
        return Error::LimitReached;
    }

    Result<PinnedPages> pinned_at(ipc::Context& context, const PinQuery& request) {
        EFT_TRY(AssignedDevice * assignment, own(context));
        EFT_TRY(const auto* pin, assignment->find_pin(request.pin));
        EFT_TRY(const u32 pages, world_.pages(pin->object, request.first, addresses_));
        if (request.first > pages) return Error::OutOfRange;
        PinnedPages answer;
        answer.addresses = std::span(addresses_).first(std::min<std::size_t>(pages - request.first, addresses_.size()));
        return answer;
    }

    // Also of a pin that is gone: a repeated request finds it so.
    Status unpin(ipc::Context& context, const Pin& request) {
        EFT_TRY(AssignedDevice * assignment, own(context));
        if (auto pin = assignment->find_pin(request.pin); pin.ok()) release(**pin);
        return {};
    }

private:
    using Own = OwnRegisters;

    // A window: its pages relative to `base`, and where the registers themselves start.
    struct Place {
        u64 base = 0;
        u64 registers = 0;
        u64 length = 0;
        Pages pages;
    };

    u32 place_of(const AssignedDevice& assignment) const { return assignments_.place_of(assignment); }
    Result<AssignedDevice*> own(const ipc::Context& context) {
        const Result<AssignedDevice*> found = assignments_.find_id(ipc::session_id(context.badge()));
        return found.ok() ? found : Error::StaleSession;
    }

    Result<dev::Assignment> begin(u32 place, u32 index) {
        const Device& device = devices_[index];
        Own registers;
        if (device.kind == DeviceKind::Pci) {
            if (device.function.is_bridge) return Error::NotSupported;
            EFT_TRY(registers, control_.take_over(device));
        }
        const Result<Slot> session = world_.make_session(raw(Dev::badge_of(Dev::SessionKind::Driver, next_id_)));
        const Result<Slot> copy = session.ok() ? world_.copy(*session) : Result<Slot>(session.error());
        if (!copy.ok()) {
            if (session.ok()) world_.revoke(*session);
            control_.give_back(registers);
            return copy.error();
        }
        AssignedDevice& assignment = assignments_[place];
        assignment = {};
        assignment.id = next_id_++;
        assignment.device = index;
        assignment.session = *session;
        own_[place] = registers;
        dev::Assignment answer;
        answer.session = answer.session.owning(*copy);
        answer.id = assignment.id;
        return answer;
    }

    Status silence(AssignedDevice& assignment) {
        if (devices_[assignment.device].kind == DeviceKind::Platform) return {};
        bool touched_memory = false;
        for (const auto& pin : assignment.pins) touched_memory |= pin.id != 0;
        EFT_CHECK(control_.silence(own_[place_of(assignment)], touched_memory));
        for (auto& pin : assignment.pins) release(pin);
        return {};
    }

    void release(typename AssignedDevice::Pin& pin) {
        if (pin.id == 0) return;
        world_.unpin(pin.object);
        world_.drop(pin.object);
        pin = {};
    }

    void take_back(AssignedDevice& assignment) {
        for (const auto& interrupt : assignment.interrupts)
            if (interrupt.parent != Slot::None) world_.revoke(interrupt.parent);
        if (assignment.ports != Slot::None) world_.revoke(assignment.ports);
        world_.revoke(assignment.session);
        control_.give_back(own_[place_of(assignment)]);
        for (u32 index = 0; index < pci::kBaseAddresses; ++index) {
            if (!assignment.window_given[index]) continue;
            if (auto place = window_place(assignment, index); place.ok()) world_.forget_window(place->base + place->pages.start, place->pages.bytes());
        }
        assignment = {};
    }

    Result<Place> window_place(const AssignedDevice& assignment, u32 index) {
        const Device& device = devices_[assignment.device];
        if (device.kind == DeviceKind::Platform) {
            if (device.platform.address == 0) return Error::NotSupported;
            if (index != 0) return Error::OutOfRange;
            const u64 base = page_down(device.platform.address);
            return Place{base, device.platform.address, device.platform.bytes, {0, page_up(device.platform.address + device.platform.bytes) - base}};
        }
        for (const Bar& bar : device.bars) {
            if (bar.index != index) continue;
            if (!bar.is_memory() || bar.address == 0) return Error::NotSupported;
            if (!devices_.has_its_pages_alone(assignment.device, bar)) return Error::PermissionDenied;
            const auto& msix = own_[place_of(assignment)].msix;
            return Place{page_down(bar.address), bar.address, bar.length, driver_pages(bar, msix ? &*msix : nullptr)};
        }
        return Error::NotFound;
    }

    W& world_;
    FunctionControl<W> control_;
    const Devices& devices_;
    Assignments assignments_;
    std::array<Own, Assignments::kMost> own_{};
    u32 next_id_ = 1;
    u32 next_pin_ = 1;
    // Of the answer under way.
    Devices::DeviceName name_;
    std::array<u8, pci::kConfigurationSize> configuration_{};
    std::array<u64, PinnedPages::kAddressesMax> addresses_{};
};

}  // namespace eft::dev
