#include <servers/dev/device_server.h>

#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/text.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace eft::dev {

namespace ko = kernel_object;

namespace {

static_assert(SharedLines::kMostMembers == Assignments::kMost);

// A function without messages has its line, a device of the platform one of those that it can use.
u32 interrupts_of(const Device& device, const OwnRegisters& registers) {
    return registers.messages() != 0 ? std::min(registers.messages(), AssignedDevice::kMostInterrupts) : device.lines.inputs != 0;
}

// It can interrupt by one line and in no other way.
bool has_one_line_only(const Device& device, const OwnRegisters& registers) {
    return registers.messages() == 0 && std::has_single_bit(device.lines.inputs);
}

u32 line_of(const Device& device) { return static_cast<u32>(std::countr_zero(device.lines.inputs)); }

constexpr u32 kMostAnswerMs = 60'000;
// The first may come at once.
constexpr u32 kResetTicks = kResetNanoseconds / 1'000'000 / DeviceServer::kTickMs + 1;

// A copy, of which copies are given away: revoke_slot() takes them back.
Result<Slot> derived(Slot source, Rights rights = kAllRights, u64 detail = 0) {
    EFT_TRY(CapHandle copy, copy_capability(source, rights, detail));
    return copy.release();
}

// All that root has granted for the device.
Result<Slot> ports_of(const PlatformDevice& device) {
    FixedText<kNameLength - 1> name("ports/");
    EFT_TRY(const Slot all, granted(name.append(device.name)));
    return derived(all);
}

}  // namespace

Result<dev::Assignment> DeviceServer::assign(ipc::Context&, const Match& request) {
    EFT_TRY(const u32 index, devices_.find(request.device, request.index));
    if (assignments_.has(index)) return Error::Busy;
    EFT_TRY(const u32 place, assignments_.free_place());
    return begin(place, index, request);
}

Status DeviceServer::silence(ipc::Context&, const AssignmentId& request) {
    EFT_TRY(AssignedDevice * assignment, assignments_.find_id(request.id));
    return silence(*assignment);
}

// The device is silenced first; one that is not reset keeps its pins, and stays assigned.
Status DeviceServer::unassign(ipc::Context&, const AssignmentId& request) {
    EFT_TRY(AssignedDevice * assignment, assignments_.find_id(request.id));
    EFT_CHECK(silence(*assignment));
    take_back(*assignment);
    return {};
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
    for (u32 offset = 0; offset < configuration_.size(); offset += sizeof(u32)) {
        const u32 word = registers.configuration->read<u32>(offset);
        std::memcpy(&configuration_[offset], &word, sizeof(word));
    }
    info.vendor = device.function.vendor;
    info.device = device.function.device;
    info.class_code = u32{device.function.base_class} << 16 | u32{device.function.sub_class} << 8 | device.function.programming_interface;
    info.config = configuration_;
    info.interrupts = interrupts_of(device, registers);
    info.windows = pci::kBaseAddresses;
    return info;
}

Result<Window> DeviceServer::open_window(ipc::Context& context, const WindowRequest& request) {
    EFT_TRY(AssignedDevice * assignment, own(context));
    if (request.index >= pci::kBaseAddresses) return Error::OutOfRange;
    EFT_TRY(const Place place, window_place(*assignment, request.index));
    Window window;
    window.bytes = place.pages.bytes();
    window.offset = static_cast<u32>(place.registers - place.base);
    window.start = place.pages.start;
    window.length = place.length;
    if (place.pages.empty()) return window;
    EFT_TRY(CapHandle object, memory_.window(place.base + place.pages.start, place.pages.bytes()));
    assignment->window_given[request.index] = true;
    window.memory = window.memory.owning(object.release());
    return window;
}

Result<PortWindow> DeviceServer::open_ports(ipc::Context& context, const WindowRequest& request) {
    EFT_TRY(AssignedDevice * assignment, own(context));
    const Device& device = devices_[assignment->device];
    if (device.kind != DeviceKind::Platform || device.platform.ports.count == 0) return Error::NotSupported;
    if (request.index != 0) return Error::OutOfRange;
    if (assignment->ports == Slot::None) {
        EFT_TRY(assignment->ports, ports_of(device.platform));
    }
    EFT_TRY(const Slot ports, derived(assignment->ports));
    PortWindow window;
    window.ports = window.ports.owning(ports);
    window.first = device.platform.ports.first;
    window.count = device.platform.ports.count;
    return window;
}

Result<Interrupt> DeviceServer::open_interrupt(ipc::Context& context, const InterruptRequest& request) {
    EFT_TRY(AssignedDevice * assignment, own(context));
    const Device& device = devices_[assignment->device];
    OwnRegisters& registers = own_[assignments_.place_of(*assignment)];
    const u32 count = interrupts_of(device, registers);
    if (count == 0) return Error::NotSupported;
    if (request.index >= count) return Error::OutOfRange;
    const bool by_line = registers.messages() == 0;
    if (by_line && device.lines.level) return Error::NotSupported;
    auto& interrupt = assignment->interrupts[request.index];
    if (interrupt.parent != Slot::None) {
        if (by_line && request.lines != 0 && !(request.lines >> interrupt.number & 1)) return Error::NotSupported;
    } else if (by_line) {
        EFT_CHECK(take_line(interrupt, device, request.lines));
    } else {
        EFT_TRY(const u32 number, assignments_.free_message());
        EFT_TRY(interrupt.parent, derived(interrupts_, kAllRights, ko::number_range(number, 1)));
        interrupt.number = number;
    }
    // Silencing has masked it.
    if (!by_line) {
        EFT_TRY(const ko::IrqMessage message, ko::irq_message(interrupts_, interrupt.number));
        EFT_CHECK(control_.set_message(registers, static_cast<u16>(request.index), message));
    }
    EFT_TRY(const Slot copy, derived(interrupt.parent));
    Interrupt answer;
    answer.irq = answer.irq.owning(copy);
    answer.number = interrupt.number;
    return answer;
}

Result<dev::Line> DeviceServer::join_line(ipc::Context& context, LineRequest&& request) {
    EFT_TRY(AssignedDevice * assignment, own(context));
    const u32 place = assignments_.place_of(*assignment);
    const Device& device = devices_[assignment->device];
    if (own_[place].messages() != 0 || !device.lines.level) return Error::NotSupported;
    const auto& interrupt = assignment->interrupts[0];
    EFT_TRY(CapHandle answered, copy_capability(interrupt.parent));
    EFT_CHECK(lines_.join(place, interrupt.number, device.lines, CapHandle(request.wake.release()), assignment->answer_ticks));
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
    EFT_TRY(AssignedDevice * assignment, own(context));
    const Device& device = devices_[assignment->device];
    if (device.kind == DeviceKind::Platform) return Error::NotSupported;
    control_.set_bus_master(device, own_[assignments_.place_of(*assignment)], request.enabled);
    return {};
}

Result<Pinned> DeviceServer::pin(ipc::Context& context, PinRequest&& request) {
    EFT_TRY(AssignedDevice * assignment, own(context));
    if (devices_[assignment->device].kind == DeviceKind::Platform) return Error::NotSupported;
    for (auto& pin : assignment->pins) {
        if (pin.id != 0) continue;
        EFT_TRY(const u32 pages, memory_.pages(request.object.slot(), 0, {}));
        EFT_CHECK(memory_.pin(request.object.slot()));
        pin = {next_pin_++, request.object.release()};
        Pinned answer;
        answer.pin = pin.id;
        answer.pages = pages;
        return answer;
    }
    return Error::LimitReached;
}

Result<PinnedPages> DeviceServer::pinned_at(ipc::Context& context, const PinQuery& request) {
    EFT_TRY(AssignedDevice * assignment, own(context));
    EFT_TRY(const auto* pin, assignment->find_pin(request.pin));
    EFT_TRY(const u32 pages, memory_.pages(pin->object, request.first, addresses_));
    if (request.first > pages) return Error::OutOfRange;
    PinnedPages answer;
    answer.addresses = std::span(addresses_).first(std::min<std::size_t>(pages - request.first, addresses_.size()));
    return answer;
}

// Also of a pin that is gone: a repeated request finds it so.
Status DeviceServer::unpin(ipc::Context& context, const Pin& request) {
    EFT_TRY(AssignedDevice * assignment, own(context));
    if (auto pin = assignment->find_pin(request.pin); pin.ok()) release(**pin);
    return {};
}

Result<AssignedDevice*> DeviceServer::own(const ipc::Context& context) {
    const Result<AssignedDevice*> found = assignments_.find_id(ipc::session_id(context.badge()));
    if (!found.ok()) return Error::StaleSession;
    if (own_[assignments_.place_of(**found)].resetting) return Error::Busy;
    return found;
}

Result<dev::Assignment> DeviceServer::begin(u32 place, u32 index, const Match& request) {
    const Device& device = devices_[index];
    OwnRegisters registers;
    if (device.kind == DeviceKind::Pci) {
        if (device.function.is_bridge) return Error::NotSupported;
        EFT_TRY(registers, control_.take_over(device, request.reset, request.reset_window));
    }
    const bool one_line = has_one_line_only(device, registers);
    const bool refused = !one_line ? false
                         : device.lines.level ? assignments_.has_owner(line_of(device), devices_)
                                              : !assignments_.free_line(device.lines.inputs, 0).ok();
    if (refused) {
        control_.give_back(registers);
        return Error::AlreadyExists;
    }
    const Badge badge = Dev::badge_of(Dev::SessionKind::Driver, next_id_);
    Result<CapHandle> session = copy_capability(slot(WellKnown::Endpoint), bits(EndpointRight::Send), raw(badge));
    const Result<Slot> copy = session.ok() ? derived(session->slot()) : Result<Slot>(session.error());
    if (!copy.ok()) {
        control_.give_back(registers);
        return copy.error();
    }
    AssignedDevice& assignment = assignments_[place];
    assignment = {};
    assignment.id = next_id_++;
    assignment.device = index;
    assignment.answer_ticks = (std::min(request.answer_ms, kMostAnswerMs) + kTickMs - 1) / kTickMs;
    assignment.session = session->release();
    own_[place] = registers;
    dev::Assignment answer;
    answer.session = answer.session.owning(*copy);
    answer.id = assignment.id;
    if (!one_line) return answer;
    const Status taken = device.lines.level ? reserve_line(place) : take_line(assignment.interrupts[0], device, 0);
    if (!taken.ok()) {
        take_back(assignment);
        return taken.error();
    }
    return answer;
}

// What the driver will answer with.
Status DeviceServer::reserve_line(u32 place) {
    auto& interrupt = assignments_[place].interrupts[0];
    EFT_TRY(CapHandle answered, copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), SharedLines::answer_bit(place)));
    interrupt = {line_of(device_at(place)), answered.release()};
    return {};
}

Status DeviceServer::take_line(AssignedDevice::Interrupt& interrupt, const Device& device, u32 wanted) {
    EFT_TRY(const u32 number, assignments_.free_line(device.lines.inputs, wanted));
    EFT_CHECK(ko::set_irq_mode(interrupts_, number, device.lines.level, device.lines.active_low));
    EFT_TRY(interrupt.parent, derived(interrupts_, kAllRights, ko::number_range(number, 1)));
    interrupt.number = number;
    return {};
}

Status DeviceServer::silence(AssignedDevice& assignment) {
    if (devices_[assignment.device].kind == DeviceKind::Platform) {
        lines_.leave(assignments_.place_of(assignment));
        return {};
    }
    OwnRegisters& registers = own_[assignments_.place_of(assignment)];
    if (registers.resetting) return Error::Busy;
    bool touched_memory = false;
    for (const auto& pin : assignment.pins) touched_memory |= pin.id != 0;
    const Status silent = control_.silence(registers, touched_memory);
    lines_.leave(assignments_.place_of(assignment));
    if (silent.error() == Error::Busy) registers.reset_ticks = kResetTicks;
    EFT_CHECK(silent);
    release_pins(assignment);
    return {};
}

void DeviceServer::tick_resets() {
    for (u32 place = 0; place < Assignments::kMost; ++place) {
        OwnRegisters& registers = own_[place];
        if (registers.resetting && --registers.reset_ticks == 0 && control_.finish_reset(registers).ok()) release_pins(assignments_[place]);
    }
}

void DeviceServer::release_pins(AssignedDevice& assignment) {
    for (auto& pin : assignment.pins) release(pin);
}

bool DeviceServer::connect_line(u32 place, bool connected) {
    const Device& device = device_at(place);
    return device.kind == DeviceKind::Pci && control_.set_line(device, own_[place], connected);
}

bool DeviceServer::is_requesting(u32 place) { return device_at(place).kind == DeviceKind::Pci && control_.is_requesting(own_[place]); }

// What it has pinned stays so until its driver's death.
void DeviceServer::stop(u32 place) {
    if (device_at(place).kind == DeviceKind::Pci) static_cast<void>(control_.silence(own_[place], false));
}

void DeviceServer::report(u32 place, std::string_view what) {
    FixedText<160> line;
    log(line.append(Devices::name_of(device_at(place)).view()).append(": ").append(what));
}

void DeviceServer::release(AssignedDevice::Pin& pin) {
    if (pin.id == 0) return;
    memory_.unpin(pin.object);
    drop_slot(pin.object);
    pin = {};
}

void DeviceServer::take_back(AssignedDevice& assignment) {
    for (const auto& interrupt : assignment.interrupts)
        if (interrupt.parent != Slot::None) revoke_slot(interrupt.parent);
    if (assignment.ports != Slot::None) revoke_slot(assignment.ports);
    revoke_slot(assignment.session);
    OwnRegisters& registers = own_[assignments_.place_of(assignment)];
    control_.give_back(registers);
    for (u32 index = 0; index < pci::kBaseAddresses; ++index) {
        if (!assignment.window_given[index]) continue;
        if (const auto place = window_place(assignment, index); place.ok())
            memory_.forget_window(place->base + place->pages.start, place->pages.bytes());
    }
    registers = {};
    assignment = {};
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
