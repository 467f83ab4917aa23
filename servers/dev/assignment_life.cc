// An assignment from its beginning to its end, over the deaths of dev: device_server.h has the numbers.
#include <servers/dev/device_server.h>

#include <eft/invoke.h>
#include <eft/process.h>

#include <algorithm>
#include <bit>

namespace eft::dev {

namespace ko = kernel_object;

namespace {

static_assert(SharedLines::kMostMembers == Assignments::kMost);

// It can interrupt by one line and in no other way.
bool has_one_line_only(const Device& device, const OwnRegisters& registers) {
    return registers.messages() == 0 && std::has_single_bit(device.lines.inputs);
}

u32 line_of(const Device& device) { return static_cast<u32>(std::countr_zero(device.lines.inputs)); }

constexpr u32 kMostAnswerMs = 60'000;
// The first may come at once.
constexpr u32 kResetTicks = kResetNanoseconds / 1'000'000 / DeviceServer::kTickMs + 1;

}  // namespace

Status DeviceServer::recover(u64 replies_delivered) {
    const RecoveryOutcome outcome = region_.recover(replies_delivered);
    if (outcome == RecoveryOutcome::OtherLayout || outcome == RecoveryOutcome::Damaged) return Error::BadFormat;
    for (u32 place = 0; place < Assignments::kMost; ++place)
        if (assignments_[place].used()) EFT_CHECK(take_up(place));
    lines_.ask_all();  // 8
    return {};
}

Status DeviceServer::take_up(u32 place) {
    const AssignedDevice& assignment = assignments_[place];
    OwnRegisters& registers = own_[place];
    if (assignment.resetting) {  // 6; nobody touches it for a while
        registers.reset_ticks = kResetTicks;
        registers.reset_again = true;
        return {};
    }
    if (device_at(place).kind == DeviceKind::Pci) {
        EFT_TRY(registers, control_.map_again(device_at(place), assignment));
    }
    if (assignment.phase != AssignedDevice::Phase::Assigned) return take_back(place);  // 1, 2
    for (u32 index = 0; index < AssignedDevice::kMostPins; ++index)
        if (assignment.pins[index].id != 0 && !assignment.pins[index].done) EFT_CHECK(release(place, index));  // 4
    if (!assignment.on_line) return {};
    return lines_.join(place, assignment.interrupts[0].number, device_at(place).lines, slots_.at(assigned_slots::wake(place)), assignment.answer_ticks);
}

Status DeviceServer::begin(u32 place, u32 index, const Match& request) {
    if (devices_[index].kind == DeviceKind::Pci && devices_[index].function.is_bridge) return Error::NotSupported;
    Transaction intent = region_.begin();
    EFT_TRY(AssignedDevice * made, intent.edit(assignments_[place]));
    *made = {};
    made->phase = AssignedDevice::Phase::Beginning;
    made->id = region_->next_id;
    made->device = index;
    made->key = request.key;
    made->answer_ticks = (std::min(request.answer_ms, kMostAnswerMs) + kTickMs - 1) / kTickMs;
    made->reset_window = request.reset_window;
    for (const RegisterWrite& write : request.reset) EFT_CHECK(made->reset.push(write));
    EFT_CHECK(intent.write(region_->next_id, region_->next_id + 1));
    return intent.commit_now();
}

Result<dev::Assignment> DeviceServer::answer_with(u32 place) {
    EFT_TRY(CapHandle copy, copy_capability(slots_.at(assigned_slots::session(place))));
    dev::Assignment answer;
    answer.session = answer.session.owning(copy.release());
    answer.id = assignments_[place].id;
    return answer;
}

Result<dev::Assignment> DeviceServer::finish_beginning(u32 place) {
    const AssignedDevice& assignment = assignments_[place];
    const Device& device = device_at(place);
    OwnRegisters& registers = own_[place];
    if (device.kind == DeviceKind::Pci) {
        EFT_TRY(registers, control_.take_over(device, assignment));
    }
    const bool one_line = has_one_line_only(device, registers);
    const bool refused = !one_line ? false
                         : device.lines.level ? assignments_.has_owner(line_of(device), devices_)
                                              : !assignments_.free_line(device.lines.inputs, 0).ok();
    if (refused) return Error::AlreadyExists;
    if (one_line && device.lines.level) {
        // What the driver will answer with.
        EFT_CHECK(give_interrupt(place, 0, line_of(device), slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), SharedLines::answer_bit(place)));
    } else if (one_line) {
        EFT_CHECK(take_line(place, 0));
    }
    const u32 parent = assigned_slots::session(place);
    EFT_CHECK(make_parent(parent, slot(WellKnown::Endpoint), bits(EndpointRight::Send), raw(Dev::badge_of(Dev::SessionKind::Driver, assignment.id))));
    EFT_TRY(dev::Assignment answer, answer_with(place));
    Transaction change = region_.begin();
    EFT_CHECK(change.write(assignment.phase, AssignedDevice::Phase::Assigned));
    EFT_CHECK(change.commit_with_reply());  // 1
    return answer;
}

Status DeviceServer::take_line(u32 place, u32 wanted) {
    const Lines& lines = device_at(place).lines;
    EFT_TRY(const u32 number, assignments_.free_line(lines.inputs, wanted));
    EFT_CHECK(ko::set_irq_mode(interrupts_, number, lines.level, lines.active_low));
    return give_interrupt(place, 0, number, interrupts_, kAllRights, ko::number_range(number, 1));
}

Status DeviceServer::give_interrupt(u32 place, u32 index, u32 number, Slot source, Rights rights, u64 detail) {
    EFT_CHECK(make_parent(assigned_slots::interrupt(place, index), source, rights, detail));  // 3
    return note(assignments_[place].interrupts[index], {.number = number, .given = true});
}

Status DeviceServer::silence(u32 place) {
    const AssignedDevice& assignment = assignments_[place];
    if (assignment.resetting) return Error::Busy;
    bool touched_memory = false;
    for (const auto& pin : assignment.pins) touched_memory |= pin.id != 0;
    const Status silent = device_at(place).kind == DeviceKind::Pci ? control_.silence(own_[place], touched_memory) : Status();
    lines_.leave(place);
    EFT_CHECK(note(assignment.on_line, false));
    slots_.remove(assigned_slots::wake(place));
    if (silent.error() == Error::Busy) {
        begin_reset(place);
    }
    EFT_CHECK(silent);
    return release_pins(place);
}

void DeviceServer::begin_reset(u32 place) {
    const AssignedDevice& assignment = assignments_[place];
    Transaction intent = region_.begin();
    static_cast<void>(intent.write(assignment.saved, control_.save_header(own_[place])));
    static_cast<void>(intent.write(assignment.resetting, true));
    if (!intent.commit_now().ok()) return;
    own_[place].reset_ticks = kResetTicks;
    control_.begin_reset(own_[place]);  // 6
}

void DeviceServer::tick_resets() {
    for (u32 place = 0; place < Assignments::kMost; ++place)
        if (assignments_[place].resetting && own_[place].reset_ticks != 0 && --own_[place].reset_ticks == 0) finish_reset(place);
}

void DeviceServer::finish_reset(u32 place) {
    const AssignedDevice& assignment = assignments_[place];
    OwnRegisters& registers = own_[place];
    if (!registers.configuration) {
        auto mapped = control_.map_again(device_at(place), assignment);
        if (!mapped.ok()) {
            registers.reset_ticks = 1;
            return;
        }
        const bool again = registers.reset_again;
        registers = *mapped;
        registers.reset_again = again;
    }
    const Status finished = control_.finish_reset(registers, assignment.saved);
    if (finished.ok() && std::exchange(registers.reset_again, false)) {
        registers.reset_ticks = kResetTicks;
        return control_.begin_reset(registers);
    }
    if (finished.ok()) static_cast<void>(release_pins(place));
    static_cast<void>(note(assignment.resetting, false));
    if (assignment.phase != AssignedDevice::Phase::Assigned) static_cast<void>(take_back(place));
}

Status DeviceServer::release_pins(u32 place) {
    for (u32 index = 0; index < AssignedDevice::kMostPins; ++index)
        if (assignments_[place].pins[index].id != 0) EFT_CHECK(release(place, index));
    return {};
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
    eft::log(line.append(Devices::name_of(device_at(place)).view()).append(": ").append(what));
}

// mem counts no pins.
bool DeviceServer::is_pinned_otherwise(u32 place, u32 index) const {
    const auto object = ko::inspect(slot(WellKnown::Table), slots_.at(assigned_slots::pin(place, index)));
    for (u32 other = 0; other < Assignments::kMost; ++other) {
        if (!assignments_[other].used()) continue;
        for (u32 at = 0; at < AssignedDevice::kMostPins; ++at) {
            if (assignments_[other].pins[at].id == 0 || (other == place && at == index)) continue;
            const auto its = ko::inspect(slot(WellKnown::Table), slots_.at(assigned_slots::pin(other, at)));
            if (object.ok() && its.ok() && its->data == object->data) return true;
        }
    }
    return false;
}

Status DeviceServer::release(u32 place, u32 index) {
    if (!is_pinned_otherwise(place, index)) memory_.unpin(slots_.at(assigned_slots::pin(place, index)));  // 5
    slots_.remove(assigned_slots::pin(place, index));
    return note(assignments_[place].pins[index], {});
}

Status DeviceServer::take_back(u32 place) {
    const AssignedDevice& assignment = assignments_[place];
    if (assignment.phase == AssignedDevice::Phase::Assigned) EFT_CHECK(note(assignment.phase, AssignedDevice::Phase::Ending));  // 2
    for (u32 index = 0; index < AssignedDevice::kMostInterrupts; ++index) end_parent(assigned_slots::interrupt(place, index));
    end_parent(assigned_slots::ports(place));
    end_parent(assigned_slots::session(place));
    control_.give_back(own_[place]);
    for (u32 index = 0; index < pci::kBaseAddresses; ++index) {
        if (!assignment.window_given[index]) continue;
        if (const auto window = window_place(assignment, index); window.ok())
            memory_.forget_window(window->base + window->pages.start, window->pages.bytes());
    }
    own_[place] = {};
    return note(assignment, {});
}

Status DeviceServer::make_parent(u32 at, Slot source, Rights rights, u64 detail) {
    end_parent(at);
    return ko::derive(slot(WellKnown::Table), slots_.at(at), source, rights, detail);
}

void DeviceServer::end_parent(u32 at) {
    if (!slots_.holds_anything(at)) return;
    revoke_copies(slots_.at(at));
    slots_.remove(at);
}

}  // namespace eft::dev
