#include "persistent_part.h"

#include <eft/idl/rs.h>
#include <eft/invoke.h>
#include <eft/panic.h>
#include <eft/process.h>

namespace eft::supervisor {
namespace {

Slot offset(WellKnown first, u32 by) { return static_cast<Slot>(raw(slot(first)) + by); }

}  // namespace

Status PersistentPart::make(CoreServers& core, unsigned index, const manifest::Service& its_plan) {
    plan = &its_plan;
    place = index;
    const Status done = make_all(core, index);
    made = done.ok();
    missing = done.error();
    return done;
}

Status PersistentPart::take_up(const PartRecord& record, unsigned index, const manifest::Service& its_plan) {
    static_cast<PartRecord&>(*this) = record;
    plan = &its_plan;
    place = index;
    return made ? open_views() : Status();
}

Status PersistentPart::make_all(CoreServers& core, unsigned index) {
    trouble = std::string_view("cannot be made");
    EFT_CHECK(make_objects(core));
    EFT_CHECK(make_memory(core));
    EFT_CHECK(open_views());
    fill_page();
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

// What is there already, an incarnation of rs has made that did not come to an end of this.
Status PersistentPart::keep_object(CoreServers& core, Kept what, ObjectType type, unsigned size_bits) {
    if (has(what)) return {};
    mem::KernelObjects request;
    request.type = static_cast<u8>(type);
    request.size_bits = static_cast<u8>(size_bits);
    EFT_TRY(mem::Made object, core.memory.make_object(request));
    CapHandle made_now(object.object.release());
    EFT_CHECK(slots_of_rs.keep(number_of(what), made_now.slot()));
    static_cast<void>(made_now.release());
    return {};
}

Status PersistentPart::keep_memory(CoreServers& core, Kept what, u64 bytes) {
    if (has(what)) return {};
    mem::ObjectRequest request;
    request.bytes = bytes;
    EFT_TRY(mem::Object object, core.memory.create_object(request));
    CapHandle made_now(object.object.release());
    EFT_CHECK(slots_of_rs.keep(number_of(what), made_now.slot()));
    static_cast<void>(made_now.release());
    return {};
}

Status PersistentPart::make_objects(CoreServers& core) {
    EFT_CHECK(keep_object(core, Kept::Table, ObjectType::CapTable, plan->table_bits()));
    EFT_CHECK(keep_object(core, Kept::Endpoint, ObjectType::Endpoint, 0));
    return keep_object(core, Kept::Notification, ObjectType::Notification, 0);
}

Status PersistentPart::make_memory(CoreServers& core) {
    EFT_CHECK(keep_memory(core, Kept::Config, kPageSize));
    EFT_CHECK(keep_memory(core, Kept::Dump, kPageSize));
    return keep_memory(core, Kept::Memory, memory_bytes());
}

// What belongs to this incarnation of rs.
Status PersistentPart::open_views() {
    const Rights signal = bits(NotificationRight::Signal);
    EFT_TRY(bell, copy_capability(slot(WellKnown::SelfSignal), signal, u64{1} << (kFirstServiceBit + place)));
    EFT_TRY(heartbeat, copy_capability(kept(Kept::Notification), signal, static_cast<u64>(WakeBit::Heartbeat)));
    EFT_TRY(stop, copy_capability(kept(Kept::Notification), signal, static_cast<u64>(WakeBit::Stop)));
    EFT_TRY(const kernel_object::CapInfo info, kernel_object::inspect(slot(WellKnown::Table), kept(Kept::Endpoint)));
    endpoint_id = info.id;
    return {};
}

std::span<std::byte> PersistentPart::view(SharedMemory& mapped, Slot object) {
    if (!mapped) {
        auto now = SharedMemory::borrow(object, kPageSize);
        if (!now.ok()) panic("rs: a service's page cannot be mapped");
        mapped = std::move(*now);
    }
    return mapped.bytes();
}

void PersistentPart::fill_page() {
    ServiceConfig& page = this->page();
    page.magic = kConfigMagic;
    page.boot_time = eft::config().boot_time;
    page.ticks_per_ms = eft::config().ticks_per_ms;
    page.table_bits = plan->table_bits();
    page.table = table_plan();
    set_text(page.name, name());
    set_text(page.arguments, text(plan->arguments()));
    page.log_bytes = static_cast<u32>(log_bytes());
    page.state_bytes = static_cast<u32>(state_bytes());
}

Status PersistentPart::derive(Slot to, Slot source, Rights mask, Badge badge) {
    static_cast<void>(kernel_object::remove(table(), to));
    return kernel_object::derive(table(), to, source, mask, raw(badge));
}

Status PersistentPart::fill_table() {
    const Rights signal = bits(NotificationRight::Signal), wait = bits(NotificationRight::Wait);
    EFT_CHECK(derive(slot(WellKnown::Table), table()));
    EFT_CHECK(derive(slot(WellKnown::Endpoint), kept(Kept::Endpoint), bits(EndpointRight::Receive)));
    EFT_CHECK(derive(slot(WellKnown::Notification), kept(Kept::Notification), wait));
    EFT_CHECK(derive(slot(WellKnown::SelfSignal), kept(Kept::Notification), signal));
    return derive(slot(WellKnown::Supervisor), bell.slot(), signal);
}

Status PersistentPart::name_capability(std::string_view its_name, Slot source, Rights mask, Badge badge) {
    if (named == kNamedCapabilities) return Error::LimitReached;
    const Slot where = offset(WellKnown::FirstNamed, named);
    EFT_CHECK(derive(where, source, mask, badge));
    NamedCap& cap = page().caps[named++];
    set_text(cap.name, its_name);
    cap.slot = raw(where);
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
    match.key = place + 1;
    if (plan->heartbeat_ms() != 0) match.answer_ms = plan->heartbeat_ms();
    static_assert(kMostResetWrites == dev::Match::kResetMax);
    std::array<dev::RegisterWrite, kMostResetWrites> reset;
    match.reset_window = wanted->reset_window();
    match.reset = std::span(reset).first(reset_of(*wanted, reset));
    auto answer = core.dev.assign(match);
    if (answer.error() == Error::AlreadyExists) trouble.append(": its interrupt line belongs to a device of another kind");
    EFT_TRY(dev::Assignment assigned, std::move(answer));
    assignment = assigned.id;
    CapHandle session(assigned.session.release());
    EFT_CHECK(slots_of_rs.keep(number_of(Kept::Device), session.slot()));
    static_cast<void>(session.release());
    return name_capability("device", kept(Kept::Device), bits(EndpointRight::Send), Badge::None);
}

Status PersistentPart::publish(CoreServers& core) {
    Status done;
    for_each_text(plan->provides(), [&](std::string_view name) {
        if (!done.ok()) return;
        auto wake = copy_capability(kept(Kept::Notification), bits(NotificationRight::Signal), static_cast<u64>(WakeBit::Closed));
        if (!wake.ok()) {
            done = wake.error();
            return;
        }
        names::Publication publication;
        publication.name = name;
        publication.endpoint = ipc::CapField<ipc::kind::Endpoint>(kept(Kept::Endpoint));
        publication.wake = ipc::CapField<ipc::kind::Notification>(*wake);
        const Error published = core.names.publish(publication).error();
        // No other service of the manifest provides it, or this one would not be made.
        done = published == Error::AlreadyExists ? Error::None : published;
    });
    return done;
}

}  // namespace eft::supervisor
