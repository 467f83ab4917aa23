#include "processes.h"

#include <eft/invoke.h>
#include <eft/overdue.h>
#include <eft/process.h>

#include <utility>

namespace eft::supervisor {
namespace {

constexpr u32 kTombstoneQuota = 64;  // beside the persistent part that it stands on

Status status(const Result<Empty>& answer) { return answer.ok() ? Status() : Status(answer.error()); }

// The words of a list, as names' messages carry them.
template <class List, std::size_t N>
std::string_view join(const List* list, FixedText<N>& into) {
    for_each_text(list, [&](std::string_view word) {
        if (!into.empty()) into.append(' ');
        into.append(word);
    });
    return into;
}

}  // namespace

Status Processes::admit(unsigned index) {
    const PersistentPart& part = parts_[index];
    FixedText<names::Client::kProvidesMax> provides;
    names::Client client;
    client.name = part.name();
    client.allowed = part.allowed;
    client.provides = join(part.plan->provides(), provides);
    if (client.allowed.empty() && client.provides.empty()) return {};  // it has nothing to ask names for
    client.identity = identity(index);
    EFT_TRY(names::Admitted admitted, core_.names.admit(client));
    CapHandle session(admitted.session.release());
    const Status moved = kernel_object::move(part.table(), slot(WellKnown::Names), session.slot());
    if (!moved.ok()) {
        dismiss(index);
        return moved;
    }
    return_slot(session.release());
    return {};
}

void Processes::dismiss(unsigned index) {
    names::ClientId client;
    client.identity = identity(index);
    static_cast<void>(core_.names.dismiss(client));
    static_cast<void>(kernel_object::remove(parts_[index].table(), slot(WellKnown::Names)));
}

proc::SpawnRequest Processes::spawn_request(const PersistentPart& part, const Image& image, u32 quota) {
    proc::SpawnRequest request;
    request.image = image.name;
    request.program_bytes = image.bytes;
    request.name = part.name();
    request.quota = quota;
    request.priority = part.plan->priority();
    if (const manifest::Share* share = part.plan->share()) {
        request.budget = share->budget_us() * config().ticks_per_ms / 1000;
        request.period = share->period_us() * config().ticks_per_ms / 1000;
    }
    request.table = ipc::CapField<ipc::kind::CapTable>(part.table());
    request.persistent_slots = part.plan->persistent_slots();
    request.replies = part.plan->replies();
    request.death = ipc::CapField<ipc::kind::Notification>(part.bell);
    request.config = ipc::CapField<ipc::kind::Memory>(part.configuration());
    request.persistent = ipc::CapField<ipc::kind::Memory>(part.kept(Kept::Memory));
    request.persistent_bytes = part.memory_bytes();
    return request;
}

Result<u32> Processes::start(const PersistentPart& part, const Image& image, u32 quota, u32 incarnation, u64 replies) {
    proc::SpawnRequest request = spawn_request(part, image, quota);
    request.incarnation = incarnation;
    request.replies_delivered = replies;
    EFT_TRY(const proc::Pid spawned, core_.proc.spawn(request));
    return spawned.pid;
}

Processes::Image Processes::image_of(unsigned index) const {
    const ServiceRecord& record = records_[index];
    return {program_of(*parts_[index].plan), record.program_bytes[record.uses_second]};
}

Status Processes::prepare(unsigned index) {
    const PersistentPart& part = parts_[index];
    return status(core_.proc.prepare(spawn_request(part, image_of(index), part.plan->quota())));
}

void Processes::discard(unsigned index) {
    proc::ProcessName request;
    request.name = parts_[index].name();
    static_cast<void>(core_.proc.discard(request));
}

Result<u32> Processes::spawn(unsigned index, u32 incarnation, u64 replies, bool last_end_ordered) {
    const PersistentPart& part = parts_[index];
    EFT_CHECK(admit(index));
    part.page().last_end_ordered = last_end_ordered;
    part.head().session = 0;  // the dead one's
    const Result<u32> pid = start(part, image_of(index), part.plan->quota(), incarnation, replies);
    if (pid.ok()) remember_replies(index);
    else clear(index);
    return pid;
}

Result<u32> Processes::spawn_tombstone(unsigned index) {
    const u32 persistent_pages = static_cast<u32>(parts_[index].memory_bytes() / kPageSize);
    return start(parts_[index], {"tombstone"}, kTombstoneQuota + persistent_pages, 0, 0);
}

// The process has a lower priority than rs and has not run yet: all of its Reply objects are still in their slots.
void Processes::remember_replies(unsigned index) {
    const TablePlan table = parts_[index].table_plan();
    std::array<u64, kMostReplies>& ids = records_[index].reply_ids;
    ids.fill(0);
    for (u32 i = 0; i < std::min<u32>(table.replies, kMostReplies); ++i) {
        const auto info = kernel_object::inspect(parts_[index].table(), static_cast<Slot>(table.first_reply + i));
        ids[i] = info.ok() && info->type == ObjectType::Reply ? info->id : 0;
    }
}

std::optional<u32> Processes::find(unsigned index) {
    proc::Cursor cursor;
    for (;;) {
        const auto line = core_.proc.next(cursor);
        if (!line.ok()) return std::nullopt;
        if (line->parent == kSupervisorPid && line->name == parts_[index].name()) return line->pid;
        cursor.after = line->pid;
    }
}

bool Processes::answers_nothing(unsigned index) {
    const PersistentHead& head = parts_[index].head();
    if (signs(index).first_request < records_[index].recovery.spawned || head.rings.sessions != 0) return false;
    const auto line = core_.proc.next({.after = records_[index].pid - 1});
    return line.ok() && line->pid == records_[index].pid && line->answered == 0;
}

Result<proc::CrashRecord> Processes::read_record(unsigned index) {
    proc::Pid request;
    request.pid = records_[index].pid;
    return core_.proc.record(request);
}

Result<proc::CrashRecord> Processes::reap(u32 pid) {
    proc::Pid request;
    request.pid = pid;
    return core_.proc.reap(request);
}

Status Processes::kill(u32 pid, proc::DeathReason reason) {
    proc::KillRequest request;
    request.pid = pid;
    request.reason = reason;
    return status(core_.proc.kill(request));
}

Status Processes::send(u32 pid, proc::Signal signal) {
    proc::SignalRequest request;
    request.pid = pid;
    request.signal = signal;
    return status(core_.proc.send(request));
}

Result<proc::Progress> Processes::progress(u32 pid) {
    proc::Pid request;
    request.pid = pid;
    return core_.proc.inspect(request);
}

Status Processes::silence(unsigned index) {
    if (!parts_[index].plan->device()) return {};
    dev::AssignmentId request;
    request.id = parts_[index].assignment;
    return status(core_.dev.silence(request));
}

void Processes::clear(unsigned index) {
    const PersistentPart& part = parts_[index];
    dismiss(index);
    forget_orders(part);
}

// An order to end that the dead one did not hear is not for who comes next. What others have signalled stays.
void Processes::forget_orders(const PersistentPart& part) {
    sys::Registers signalled;
    if (sys::poll_recv(part.kept(Kept::Notification), signalled) != Error::None) return;
    const u64 others = signalled.badge & ~(static_cast<u64>(WakeBit::Stop) | static_cast<u64>(WakeBit::Heartbeat));
    if (others == 0) return;
    const auto again = copy_capability(part.kept(Kept::Notification), bits(NotificationRight::Signal), others);
    if (again.ok()) sys::signal(again->slot());
}

Signs Processes::signs(unsigned index) {
    const PersistentHead& head = parts_[index].head();
    return {__atomic_load_n(&head.heartbeats, __ATOMIC_ACQUIRE), __atomic_load_n(&head.ready_incarnation, __ATOMIC_ACQUIRE),
            __atomic_load_n(&head.first_request, __ATOMIC_ACQUIRE), __atomic_load_n(&head.session, __ATOMIC_ACQUIRE)};
}

void Processes::signal(unsigned index, WakeBit what) {
    const PersistentPart& part = parts_[index];
    sys::signal((what == WakeBit::Stop ? part.stop : part.heartbeat).slot());
}

void Processes::report(unsigned index, std::string_view what) {
    FixedText<200> line;
    log(line.append(parts_[index].name()).append(": ").append(what));
}

void Processes::order_faults(unsigned index, const rs::FaultOrder& order) {
    static_assert(static_cast<u32>(FaultKind::Kill) == static_cast<u32>(rs::FaultKind::Kill));
    FaultPlan& plan = parts_[index].page().faults;
    // The kind comes last: a service that looks in between sees no order.
    __atomic_store_n(&plan.kind, FaultKind::None, __ATOMIC_RELEASE);
    plan.label = order.label;
    plan.every = order.every;
    plan.seed = order.seed;
    ++plan.order;
    __atomic_store_n(&plan.kind, static_cast<FaultKind>(order.kind), __ATOMIC_RELEASE);
    signal(index, WakeBit::Heartbeat);
}

std::optional<unsigned> Processes::owner_of(u64 object) {
    if (object == 0) return std::nullopt;
    for (unsigned index = 0; index < parts_.size(); ++index) {
        const PersistentPart& part = parts_[index];
        if (!part.plan) continue;
        const auto& replies = records_[index].reply_ids;
        const bool reply = std::find(replies.begin(), replies.end(), object) != replies.end();
        if (reply || part.endpoint_id == object) return index;
    }
    return std::nullopt;
}

// The badge is the dead one's word, so names looks only among the sessions of what it provided.
std::optional<unsigned> Processes::holder(unsigned index, u64 session) {
    FixedText<names::ServedSession::kProvidesMax> provides;
    names::ServedSession request;
    request.badge = session;
    request.provides = join(parts_[index].plan->provides(), provides);
    const auto client = core_.names.holder(request);
    if (!client.ok() || client->identity == 0 || client->identity > parts_.size()) return std::nullopt;
    return client->identity - 1;
}

Status Processes::expel(unsigned index, u64 session) {
    FixedText<names::ServedSession::kProvidesMax> provides;
    names::ServedSession request;
    request.badge = session;
    request.provides = join(parts_[index].plan->provides(), provides);
    return status(core_.names.expel(request));
}

// Its own words, but the session is what the kernel says that it has there.
std::optional<AnswerComplaint> Processes::take_complaint(unsigned index) {
    const PersistentPart& part = parts_[index];
    const u64 count = __atomic_load_n(&part.head().complaint.count, __ATOMIC_ACQUIRE);
    const u64 taken = std::exchange(complaints_[index], count);
    if (count == taken || taken == kNotLooked) return std::nullopt;
    const Complaint complaint = part.head().complaint;
    if (complaint.slot >= part.slots() || complaint.ended < complaint.started) return std::nullopt;
    const auto session = kernel_object::inspect(part.table(), static_cast<Slot>(complaint.slot));
    if (!session.ok() || session->type != ObjectType::Endpoint) return std::nullopt;
    for (unsigned server = 0; server < parts_.size(); ++server) {
        const PersistentPart& accused = parts_[server];
        if (!accused.plan || !accused.made || accused.endpoint_id != session->id) continue;
        if (complaint.error != 0) return AnswerComplaint{server, static_cast<Error>(complaint.error), true, 0};
        const SlowAnswers noted = accused.head().slow;
        return AnswerComplaint{server, Error::None, is_borne_out(noted, session->data, complaint), microseconds_of(complaint.ended - complaint.started, config().ticks_per_ms)};
    }
    return std::nullopt;  // a core server: nobody judges those
}

}  // namespace eft::supervisor
