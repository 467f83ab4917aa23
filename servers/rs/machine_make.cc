// Making the persistent part of a service.
#include "machine.h"

#include <eft/invoke.h>
#include <eft/process.h>

namespace eft::supervisor {
namespace {

template <std::size_t N>
void fill(char (&field)[N], std::string_view text) {
    const std::size_t length = std::min(text.size(), N - 1);
    text.copy(field, length);
    field[length] = 0;
}

Slot offset(WellKnown first, u32 by) { return static_cast<Slot>(raw(slot(first)) + by); }

}  // namespace

Result<CapHandle> Machine::make_object(ObjectType type, unsigned size_bits) {
    mem::KernelObjects request;
    request.type = static_cast<u8>(type);
    request.size_bits = static_cast<u8>(size_bits);
    EFT_TRY(mem::Made made, memory_.make_object(request).or_error());
    return CapHandle(made.object.release());
}

Status Machine::make(unsigned index, const manifest::Service& plan) {
    PersistentPart& part = parts_[index];
    part.plan = &plan;
    const Status done = make_all(part, index);
    part.made = done.ok();
    part.missing = done.error();
    return done;
}

Status Machine::make_all(PersistentPart& part, unsigned index) {
    part.trouble = std::string_view("cannot be made");
    EFT_CHECK(make_objects(part, index));
    EFT_CHECK(make_memory(part));
    EFT_CHECK(fill_table(part));
    EFT_CHECK(assign_device(part));
    Status granted_all;
    for_each_text(part.plan->grants(), [&](std::string_view grant) {
        if (!granted_all.ok()) return;
        granted_all = make_grant(part, index, granted_by(grant), granted_kind(grant));
    });
    EFT_CHECK(granted_all);
    part.trouble = std::string_view("cannot be published");
    EFT_CHECK(publish(part));
    part.trouble.clear();
    return {};
}

// Those with other servers have their badge already.
Status Machine::make_grant(PersistentPart& part, unsigned index, std::string_view server, std::string_view kind) {
    const Rights send = bits(EndpointRight::Send);
    if (server == "proc") return name_capability(part, server, proc_.transport().slot(), send, Badge::None);
    if (server == "dev") return name_capability(part, server, device_list_, send, Badge::None);
    const auto found = ipc::find_session_kind<rs::Rs>(kind);
    if (!found) return Error::NotFound;
    return name_capability(part, server, slot(WellKnown::Endpoint), send, rs::Rs::badge_of(*found, u64{index} + 1));
}

Status Machine::make_objects(PersistentPart& part, unsigned index) {
    EFT_TRY(part.table, make_object(ObjectType::CapTable, part.plan->table_bits()));
    EFT_TRY(part.endpoint, make_object(ObjectType::Endpoint, 0));
    EFT_TRY(part.notification, make_object(ObjectType::Notification, 0));
    const Rights signal = bits(NotificationRight::Signal);
    EFT_TRY(part.bell, copy_capability(slot(WellKnown::SelfSignal), signal, u64{1} << (kFirstServiceBit + index)));
    EFT_TRY(part.heartbeat, copy_capability(part.notification.slot(), signal, static_cast<u64>(WakeBit::Heartbeat)));
    EFT_TRY(part.stop, copy_capability(part.notification.slot(), signal, static_cast<u64>(WakeBit::Stop)));
    EFT_TRY(const kernel_object::CapInfo info, kernel_object::inspect(slot(WellKnown::Table), part.endpoint.slot()));
    part.endpoint_id = info.id;
    return {};
}

Status Machine::make_memory(PersistentPart& part) {
    const manifest::Service& plan = *part.plan;
    const u64 log_bytes = page_up(plan.log_bytes()), state_bytes = page_up(plan.state_bytes());
    EFT_TRY(part.config, SharedMemory::create(kPageSize));
    EFT_TRY(part.memory, SharedMemory::create(kPageSize + log_bytes + state_bytes));
    ServiceConfig& page = part.page();
    page.magic = kConfigMagic;
    page.boot_time = config().boot_time;
    page.ticks_per_ms = config().ticks_per_ms;
    page.table_bits = plan.table_bits();
    fill(page.name, part.name());
    fill(page.arguments, text(plan.arguments()));
    page.log_bytes = static_cast<u32>(log_bytes);
    page.state_bytes = static_cast<u32>(state_bytes);
    return {};
}

Status Machine::fill_table(PersistentPart& part) {
    const Slot table = part.table.slot();
    const Rights signal = bits(NotificationRight::Signal), wait = bits(NotificationRight::Wait);
    EFT_CHECK(kernel_object::derive(table, slot(WellKnown::Table), table));
    EFT_CHECK(kernel_object::derive(table, slot(WellKnown::Endpoint), part.endpoint.slot(), bits(EndpointRight::Receive)));
    EFT_CHECK(kernel_object::derive(table, slot(WellKnown::Notification), part.notification.slot(), wait));
    EFT_CHECK(kernel_object::derive(table, slot(WellKnown::SelfSignal), part.notification.slot(), signal));
    return kernel_object::derive(table, slot(WellKnown::Supervisor), part.bell.slot(), signal);
}

Status Machine::name_capability(PersistentPart& part, std::string_view name, Slot source, Rights mask, Badge badge) {
    if (part.named == kNamedCapabilities) return Error::LimitReached;
    const Slot where = offset(WellKnown::FirstNamed, part.named);
    EFT_CHECK(kernel_object::derive(part.table.slot(), where, source, mask, raw(badge)));
    NamedCap& named = part.page().caps[part.named++];
    fill(named.name, name);
    named.slot = raw(where);
    part.page().cap_count = part.named;
    return {};
}

Status Machine::assign_device(PersistentPart& part) {
    const manifest::Device* device = part.plan->device();
    if (!device) return {};
    part.trouble.clear();
    part.trouble.append("device ").append(text(device->match())).append(" index ").decimal(device->index());
    dev::Match match;
    match.device = text(device->match());
    match.index = device->index();
    EFT_TRY(dev::Assignment assignment, dev_.assign(match).or_error());
    part.device = CapHandle(assignment.session.release());
    part.assignment = assignment.id;
    return name_capability(part, "device", part.device.slot(), bits(EndpointRight::Send), Badge::None);
}

Status Machine::publish(PersistentPart& part) {
    Status done;
    for_each_text(part.plan->provides(), [&](std::string_view name) {
        if (!done.ok()) return;
        auto wake = copy_capability(part.notification.slot(), bits(NotificationRight::Signal), static_cast<u64>(WakeBit::Closed));
        if (!wake.ok()) {
            done = wake.error();
            return;
        }
        names::Publication publication;
        publication.name = name;
        publication.endpoint = ipc::CapField<ipc::kind::Endpoint>(part.endpoint);
        publication.wake = ipc::CapField<ipc::kind::Notification>(*wake);
        const auto published = names_.publish(publication).or_error();
        done = published.ok() ? Status() : Status(published.error());
    });
    return done;
}

}  // namespace eft::supervisor
