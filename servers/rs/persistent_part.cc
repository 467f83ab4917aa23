#include "persistent_part.h"

#include <eft/idl/rs.h>
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

Result<CapHandle> make_object(CoreServers& core, ObjectType type, unsigned size_bits) {
    mem::KernelObjects request;
    request.type = static_cast<u8>(type);
    request.size_bits = static_cast<u8>(size_bits);
    EFT_TRY(mem::Made object, core.memory.make_object(request).or_error());
    return CapHandle(object.object.release());
}

}  // namespace

Status PersistentPart::make(CoreServers& core, unsigned index, const manifest::Service& its_plan) {
    plan = &its_plan;
    const Status done = make_all(core, index);
    made = done.ok();
    missing = done.error();
    return done;
}

Status PersistentPart::make_all(CoreServers& core, unsigned index) {
    trouble = std::string_view("cannot be made");
    EFT_CHECK(make_objects(core, index));
    EFT_CHECK(make_memory());
    EFT_CHECK(fill_table());
    EFT_CHECK(assign_device(core));
    Status granted_all;
    for_each_text(plan->grants(), [&](std::string_view what) {
        if (granted_all.ok()) granted_all = grant(core, index, server_of(what), kind_of(what));
    });
    EFT_CHECK(granted_all);
    trouble = std::string_view("cannot be published");
    EFT_CHECK(publish(core));
    trouble.clear();
    return {};
}

Status PersistentPart::grant(CoreServers& core, unsigned index, std::string_view server, std::string_view kind) {
    const Rights send = bits(EndpointRight::Send);
    // Those with other servers have their badge already.
    if (server == "proc") return name_capability(server, core.proc.transport().slot(), send, Badge::None);
    if (server == "dev") return name_capability(server, core.device_list, send, Badge::None);
    const auto found = ipc::find_session_kind<rs::Rs>(kind);
    if (!found) return Error::NotFound;
    return name_capability(server, slot(WellKnown::Endpoint), send, rs::Rs::badge_of(*found, u64{index} + 1));
}

Status PersistentPart::make_objects(CoreServers& core, unsigned index) {
    EFT_TRY(table, make_object(core, ObjectType::CapTable, plan->table_bits()));
    EFT_TRY(endpoint, make_object(core, ObjectType::Endpoint, 0));
    EFT_TRY(notification, make_object(core, ObjectType::Notification, 0));
    const Rights signal = bits(NotificationRight::Signal);
    EFT_TRY(bell, copy_capability(slot(WellKnown::SelfSignal), signal, u64{1} << (kFirstServiceBit + index)));
    EFT_TRY(heartbeat, copy_capability(notification.slot(), signal, static_cast<u64>(WakeBit::Heartbeat)));
    EFT_TRY(stop, copy_capability(notification.slot(), signal, static_cast<u64>(WakeBit::Stop)));
    EFT_TRY(const kernel_object::CapInfo info, kernel_object::inspect(slot(WellKnown::Table), endpoint.slot()));
    endpoint_id = info.id;
    return {};
}

Status PersistentPart::make_memory() {
    const u64 log_bytes = page_up(plan->log_bytes()), state_bytes = page_up(plan->state_bytes());
    EFT_TRY(config, SharedMemory::create(kPageSize));
    EFT_TRY(memory, SharedMemory::create(kPageSize + log_bytes + state_bytes));
    ServiceConfig& page = this->page();
    page.magic = kConfigMagic;
    page.boot_time = eft::config().boot_time;
    page.ticks_per_ms = eft::config().ticks_per_ms;
    page.table_bits = plan->table_bits();
    page.table = table_plan(plan->persistent_slots(), plan->replies());
    fill(page.name, name());
    fill(page.arguments, text(plan->arguments()));
    page.log_bytes = static_cast<u32>(log_bytes);
    page.state_bytes = static_cast<u32>(state_bytes);
    return {};
}

Status PersistentPart::fill_table() {
    const Slot own = table.slot();
    const Rights signal = bits(NotificationRight::Signal), wait = bits(NotificationRight::Wait);
    EFT_CHECK(kernel_object::derive(own, slot(WellKnown::Table), own));
    EFT_CHECK(kernel_object::derive(own, slot(WellKnown::Endpoint), endpoint.slot(), bits(EndpointRight::Receive)));
    EFT_CHECK(kernel_object::derive(own, slot(WellKnown::Notification), notification.slot(), wait));
    EFT_CHECK(kernel_object::derive(own, slot(WellKnown::SelfSignal), notification.slot(), signal));
    return kernel_object::derive(own, slot(WellKnown::Supervisor), bell.slot(), signal);
}

Status PersistentPart::name_capability(std::string_view its_name, Slot source, Rights mask, Badge badge) {
    if (named == kNamedCapabilities) return Error::LimitReached;
    const Slot where = offset(WellKnown::FirstNamed, named);
    EFT_CHECK(kernel_object::derive(table.slot(), where, source, mask, raw(badge)));
    NamedCap& entry = page().caps[named++];
    fill(entry.name, its_name);
    entry.slot = raw(where);
    page().cap_count = named;
    return {};
}

// As many as there is room for; the manifest was checked to have no more.
static std::size_t reset_of(const manifest::Device& device, std::span<dev::RegisterWrite> writes) {
    std::size_t count = 0;
    if (!device.reset()) return count;
    for (const manifest::RegisterWrite* write : *device.reset())
        if (count < writes.size()) writes[count++] = {write->offset(), write->value(), write->until_clear()};
    return count;
}

Status PersistentPart::assign_device(CoreServers& core) {
    const manifest::Device* wanted = plan->device();
    if (!wanted) return {};
    trouble.clear();
    trouble.append("device ").append(text(wanted->match())).append(" index ").decimal(wanted->index());
    dev::Match match;
    match.device = text(wanted->match());
    match.index = wanted->index();
    if (plan->heartbeat_ms() != 0) match.answer_ms = plan->heartbeat_ms();
    static_assert(kMostResetWrites == dev::Match::kResetMax);
    std::array<dev::RegisterWrite, kMostResetWrites> reset;
    match.reset_window = wanted->reset_window();
    match.reset = std::span(reset).first(reset_of(*wanted, reset));
    auto answer = core.dev.assign(match);
    if (answer.error() == Error::AlreadyExists) trouble.append(": its interrupt line belongs to a device of another kind");
    EFT_TRY(dev::Assignment assigned, std::move(answer));
    device = CapHandle(assigned.session.release());
    assignment = assigned.id;
    return name_capability("device", device.slot(), bits(EndpointRight::Send), Badge::None);
}

Status PersistentPart::publish(CoreServers& core) {
    Status done;
    for_each_text(plan->provides(), [&](std::string_view name) {
        if (!done.ok()) return;
        auto wake = copy_capability(notification.slot(), bits(NotificationRight::Signal), static_cast<u64>(WakeBit::Closed));
        if (!wake.ok()) {
            done = wake.error();
            return;
        }
        names::Publication publication;
        publication.name = name;
        publication.endpoint = ipc::CapField<ipc::kind::Endpoint>(endpoint);
        publication.wake = ipc::CapField<ipc::kind::Notification>(*wake);
        const auto published = core.names.publish(publication);
        done = published.ok() ? Status() : Status(published.error());
    });
    return done;
}

}  // namespace eft::supervisor
