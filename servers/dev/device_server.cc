// What people and drivers ask for.
#include <servers/dev/device_server.h>

#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/text.h>

#include <algorithm>
#include <cstring>

namespace eft::dev {

namespace ko = kernel_object;

namespace {

// A function without messages has its line, a device of the platform one of those that it can use.
u32 interrupts_of(const Device& device, const OwnRegisters& registers) {
    return registers.messages() != 0 ? std::min(registers.messages(), AssignedDevice::kMostInterrupts) : device.lines.inputs != 0;
}

// A copy to be given away.
Result<Slot> derived(Slot source) {
    EFT_TRY(CapHandle copy, copy_capability(source));
    return copy.release();
}

// All that root has granted for the device.
Result<Slot> ports_of(const PlatformDevice& device) {
    FixedText<kNameLength - 1> name("ports/");
    return granted(name.append(device.name.view()));
}

}  // namespace

Result<dev::Assignment> DeviceServer::assign(ipc::Context&, const Match& request) {
    EFT_TRY(const u32 index, devices_.find(request.device, request.index));
    if (const auto there = assignments_.find_device(index); there.ok()) {
        const AssignedDevice& assigned = assignments_[*there];
        if (assigned.phase == AssignedDevice::Phase::Assigned) return assigned.key != 0 && assigned.key == request.key ? answer_with(*there) : Result<dev::Assignment>(Error::Busy);
        EFT_CHECK(take_back(*there));  // its caller was not there any more for the answer
    }
    EFT_TRY(const u32 place, assignments_.free_place());
    EFT_CHECK(begin(place, index, request));
    Result<dev::Assignment> answer = finish_beginning(place);
    if (!answer.ok()) EFT_CHECK(take_back(place));
    return answer;
}

Status DeviceServer::silence(ipc::Context&, const AssignmentId& request) {
    EFT_TRY(const AssignedDevice* assignment, assignments_.find_id(request.id));
    return silence(assignments_.place_of(*assignment));
}

// The device is silenced first; one that is not reset keeps its pins, and stays assigned. A repeated request finds it given back.
Status DeviceServer::unassign(ipc::Context&, const AssignmentId& request) {
    const auto assignment = assignments_.find_id(request.id);
    if (!assignment.ok()) return request.id != 0 && request.id < region_->next_id ? Error::None : Error::NotFound;
    const u32 place = assignments_.place_of(**assignment);
    EFT_CHECK(silence(place));
    return take_back(place);
}

Result<DeviceLine> DeviceServer::next(ipc::Context&, const Cursor& request) {
    if (request.after >= devices_.count()) return Error::NotFound;
    name_ = Devices::name_of(devices_[request.after]);
    DeviceLine line;
    line.index = request.after + 1;
    line.text = name_.view();
    return line;
}

Result<DeviceInfo> DeviceServer::describe(ipc::Context& context, const eft::Empty&) {
    EFT_TRY(const AssignedDevice* assignment, own(context));
    const Device& device = devices_[assignment->device];
    DeviceInfo info;
    if (device.kind == DeviceKind::Platform) {
        info.interrupts = device.lines.inputs != 0;
        info.windows = 1;
        return info;
    }
    OwnRegisters& registers = own_[assignments_.place_of(*assignment)];
    if (!registers.described) {
        auto& described = registers.described.emplace();
        for (u32 offset = 0; offset < described.size(); offset += sizeof(u32)) {
            const u32 word = registers.configuration->read<u32>(offset);
            std::memcpy(&described[offset], &word, sizeof(word));
        }
    }
    info.vendor = device.function.vendor;
    info.device = device.function.device;
    info.class_code = u32{device.function.base_class} << 16 | u32{device.function.sub_class} << 8 | device.function.programming_interface;
    info.config = *registers.described;
    info.interrupts = interrupts_of(device, registers);
    info.windows = pci::kBaseAddresses;
    return info;
}

Result<Window> DeviceServer::open_window(ipc::Context& context, const WindowRequest& request) {
    EFT_TRY(const AssignedDevice* assignment, own(context));
    if (request.index >= pci::kBaseAddresses) return Error::OutOfRange;
    EFT_TRY(const Place place, window_place(*assignment, request.index));
    Window window;
    window.bytes = place.pages.bytes();
    window.offset = static_cast<u32>(place.registers - place.base);
    window.start = place.pages.start;
    window.length = place.length;
    if (place.pages.empty()) return window;
    EFT_CHECK(note(assignment->window_given[request.index], true));
    EFT_TRY(CapHandle object, memory_.window(place.base + place.pages.start, place.pages.bytes()));
    window.memory = window.memory.owning(object.release());
    return window;
}

Result<PortWindow> DeviceServer::open_ports(ipc::Context& context, const WindowRequest& request) {
    EFT_TRY(const AssignedDevice* assignment, own(context));
    const Device& device = devices_[assignment->device];
    if (device.kind != DeviceKind::Platform || device.platform.ports.count == 0) return Error::NotSupported;
    if (request.index != 0) return Error::OutOfRange;
    const u32 parent = assigned_slots::ports(assignments_.place_of(*assignment));
    if (!assignment->ports_given) {
        EFT_TRY(const Slot all, ports_of(device.platform));
        EFT_CHECK(make_parent(parent, all, kAllRights, 0));  // 3
        EFT_CHECK(note(assignment->ports_given, true));
    }
    EFT_TRY(const Slot ports, derived(slots_.at(parent)));
    PortWindow window;
    window.ports = window.ports.owning(ports);
    window.first = device.platform.ports.first;
    window.count = device.platform.ports.count;
    return window;
}

Result<Interrupt> DeviceServer::open_interrupt(ipc::Context& context, const InterruptRequest& request) {
    EFT_TRY(const AssignedDevice* assignment, own(context));
    const Device& device = devices_[assignment->device];
    const u32 place = assignments_.place_of(*assignment);
    OwnRegisters& registers = own_[place];
    const u32 count = interrupts_of(device, registers);
    if (count == 0) return Error::NotSupported;
    if (request.index >= count) return Error::OutOfRange;
    const bool by_line = registers.messages() == 0;
    if (by_line && device.lines.level) return Error::NotSupported;
    const auto& interrupt = assignment->interrupts[request.index];
    if (interrupt.given) {
        if (by_line && request.lines != 0 && !(request.lines >> interrupt.number & 1)) return Error::NotSupported;
    } else if (by_line) {
        EFT_CHECK(take_line(place, request.lines));
    } else {
        EFT_TRY(const u32 number, assignments_.free_message());
        EFT_CHECK(give_interrupt(place, request.index, number, interrupts_, kAllRights, ko::number_range(number, 1)));
    }
    // Silencing has masked it.
    if (!by_line) {
        EFT_TRY(const ko::IrqMessage message, ko::irq_message(interrupts_, interrupt.number));
        EFT_CHECK(control_.set_message(registers, static_cast<u16>(request.index), message));
    }
    EFT_TRY(const Slot copy, derived(slots_.at(assigned_slots::interrupt(place, request.index))));
    Interrupt answer;
    answer.irq = answer.irq.owning(copy);
    answer.number = interrupt.number;
    return answer;
}

Result<dev::Line> DeviceServer::join_line(ipc::Context& context, LineRequest&& request) {
    EFT_TRY(const AssignedDevice* assignment, own(context));
    const u32 place = assignments_.place_of(*assignment);
    const Device& device = devices_[assignment->device];
    if (own_[place].messages() != 0 || !device.lines.level) return Error::NotSupported;
    const auto& interrupt = assignment->interrupts[0];
    EFT_TRY(CapHandle answered, copy_capability(slots_.at(assigned_slots::interrupt(place, 0))));
    EFT_CHECK(slots_.keep(assigned_slots::wake(place), request.wake.slot()));  // 7
    static_cast<void>(request.wake.release());
    EFT_CHECK(lines_.join(place, interrupt.number, device.lines, slots_.at(assigned_slots::wake(place)), assignment->answer_ticks));
    EFT_CHECK(note(assignment->on_line, true));
    dev::Line answer;
    answer.answered = answer.answered.owning(answered.release());
    answer.number = interrupt.number;
    return answer;
}

void DeviceServer::woken(u64 bits) {
    lines_.woken(bits);
    if ((bits & kTickBit) == 0) return;
    lines_.tick();
    tick_resets();
}

Status DeviceServer::set_bus_master(ipc::Context& context, const BusMaster& request) {
    EFT_TRY(const AssignedDevice* assignment, own(context));
    const Device& device = devices_[assignment->device];
    if (device.kind == DeviceKind::Platform) return Error::NotSupported;
    control_.set_bus_master(device, own_[assignments_.place_of(*assignment)], request.enabled);
    return {};
}

Result<Pinned> DeviceServer::pin(ipc::Context& context, PinRequest&& request) {
    EFT_TRY(const AssignedDevice* assignment, own(context));
    if (devices_[assignment->device].kind == DeviceKind::Platform) return Error::NotSupported;
    const u32 place = assignments_.place_of(*assignment);
    for (u32 index = 0; index < AssignedDevice::kMostPins; ++index) {
        const AssignedDevice::Pin& pin = assignment->pins[index];
        if (pin.id != 0) continue;
        EFT_TRY(const u32 pages, memory_.pages(request.object.slot(), 0, addresses_));
        const u32 id = region_->next_pin;
        EFT_CHECK(slots_.keep(assigned_slots::pin(place, index), request.object.slot()));
        static_cast<void>(request.object.release());
        Transaction intent = region_.begin();
        EFT_CHECK(intent.write(pin, {.id = id}));
        EFT_CHECK(intent.write(region_->next_pin, id + 1));
        EFT_CHECK(intent.commit_now());
        if (const Status pinned = memory_.pin(slots_.at(assigned_slots::pin(place, index))); !pinned.ok()) {
            EFT_CHECK(release(place, index));
            return pinned.error();
        }
        Transaction change = region_.begin();
        EFT_CHECK(change.write(pin.done, true));
        EFT_CHECK(change.commit_with_reply());  // 4
        Pinned answer;
        answer.pin = id;
        answer.pages = pages;
        answer.addresses = std::span(addresses_).first(std::min<std::size_t>(pages, addresses_.size()));
        return answer;
    }
    return Error::LimitReached;
}

Result<PinnedPages> DeviceServer::pinned_at(ipc::Context& context, const PinQuery& request) {
    EFT_TRY(const AssignedDevice* assignment, own(context));
    EFT_TRY(const u32 index, assignment->find_pin(request.pin));
    EFT_TRY(const u32 pages, memory_.pages(slots_.at(assigned_slots::pin(assignments_.place_of(*assignment), index)), request.first, addresses_));
    if (request.first > pages) return Error::OutOfRange;
    PinnedPages answer;
    answer.addresses = std::span(addresses_).first(std::min<std::size_t>(pages - request.first, addresses_.size()));
    return answer;
}

// Also of a pin that is gone: a repeated request finds it so.
Status DeviceServer::unpin(ipc::Context& context, const Pin& request) {
    EFT_TRY(const AssignedDevice* assignment, own(context));
    const auto index = assignment->find_pin(request.pin);
    return index.ok() ? release(assignments_.place_of(*assignment), *index) : Status();
}

Result<const AssignedDevice*> DeviceServer::own(const ipc::Context& context) const {
    const auto found = assignments_.find_id(ipc::session_id(context.badge()));
    if (!found.ok()) return Error::StaleSession;
    if ((*found)->resetting) return Error::Busy;
    return found;
}

Result<DeviceServer::Place> DeviceServer::window_place(const AssignedDevice& assignment, u32 index) {
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
        const auto& msix = own_[assignments_.place_of(assignment)].msix;
        return Place{page_down(bar.address), bar.address, bar.length, driver_pages(bar, msix ? &*msix : nullptr)};
    }
    return Error::NotFound;
}

}  // namespace eft::dev
