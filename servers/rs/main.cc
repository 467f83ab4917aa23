// The reincarnation server: reads the manifest, starts what it names, and restarts what dies. root restarts it: see state.h.
#include "state.h"
#include "watch.h"

#include <eft/boot_file.h>
#include <eft/run_server.h>

namespace {

using namespace eft;
using namespace eft::supervisor;

// Lines that a person has to see even if nothing else works: on the kernel's console, and in the log.
void complain(std::string_view line) {
    FixedText<255> whole;
    whole.append("rs: ").append(line);
    log(line);
    sys::debug_print(whole.append('\n').c_str());
}

class ArchivePrograms final : public Programs {
public:
    bool has(std::string_view name) const override { return boot_file(name).ok(); }
    std::string_view session_kinds(std::string_view name) const override {
        for (std::size_t i = 0; i < known_; ++i)
            if (kinds_[i].program == name) return kinds_[i].words;
        const auto file = boot_file(name);
        const std::string_view words = file.ok() ? noted_session_kinds(*file) : std::string_view();
        if (known_ < kinds_.size()) kinds_[known_++] = {name, words};
        return words;
    }

private:
    // Of programs that were asked about: the same ones are, again and again.
    struct Kinds {
        std::string_view program, words;
    };
    mutable std::array<Kinds, kMaxServices> kinds_{};
    mutable std::size_t known_ = 0;
};

// By their places in the manifest; those whose names are not their own take none.
struct Services {
    std::array<PersistentPart, kMaxServices> parts;
    std::array<Supervision, kMaxServices> plans{};
    std::array<ServiceRecord, kMaxServices> records{};
    unsigned count = 0;
};

Supervision supervision_of(const manifest::Service& service) {
    const manifest::Restart* restart = service.restart();
    Supervision plan;
    plan.name = text(service.name());
    plan.policy = restart ? static_cast<Policy>(restart->policy()) : Policy::Always;
    plan.limits = restart ? RestartLimits{ticks(restart->initial_ms()), ticks(restart->cap_ms()), ticks(restart->stable_ms()),
                                          restart->limit(), ticks(restart->window_ms()), restart->session_limit()}
                          : kDefaultLimits;
    if (restart) plan.overdue_clients = restart->overdue_clients();
    plan.heartbeat = ticks(service.heartbeat_ms());
    plan.start_limit = ticks(service.start_ms());
    plan.priority = service.priority();
    plan.provides = service.provides() && service.provides()->size() != 0;
    plan.driver = service.device() != nullptr;
    plan.by_order = service.by_order();
    return plan;
}

// Those about services that were not made say nothing.
void plan_reactions(Services& services, unsigned index) {
    const manifest::Restart* restart = services.parts[index].plan->restart();
    if (!restart || !restart->on_failure()) return;
    std::size_t count = 0;
    for (const manifest::Reaction* each : *restart->on_failure()) {
        Reaction reaction{.kind = Reaction::Kind::Log, .line = text(each->log())};
        if (reaction.line.empty()) {
            reaction.kind = each->restart() ? Reaction::Kind::Restart : Reaction::Kind::Run;
            const std::string_view wanted = text(each->restart() ? each->restart() : each->run());
            while (reaction.service < services.count && services.parts[reaction.service].name() != wanted) ++reaction.service;
            if (reaction.service == services.count || !services.parts[reaction.service].made) continue;
        }
        if (count < kMostReactions) services.plans[index].reactions[count++] = reaction;
    }
}

// Which of those that are made provides something of what this service would provide.
const PersistentPart* other_provider(const Services& services, const manifest::Service& service) {
    for (const PersistentPart& other : std::span(services.parts).first(services.count)) {
        bool same = false;
        if (other.made) for_each_text(service.provides(), [&](std::string_view name) { same = same || provides(*other.plan, name); });
        if (same) return &other;
    }
    return nullptr;
}

// A copy of the boot archive's manifest, which then need not be mapped again.
Status copy_manifest(State& state) {
    EFT_TRY(const auto bytes, boot_file("manifest"));
    if (bytes.size() > state.manifest.size()) return Error::LimitReached;
    std::ranges::copy(bytes, state.manifest.begin());
    store_word(state.manifest_bytes, bytes.size());
    return {};
}

void make_part(CoreServers& core, const ArchivePrograms& programs, const manifest::Manifest& manifest, Services& services, unsigned index) {
    PersistentPart& part = services.parts[index];
    FixedText<95>& note = services.records[index].note;
    const manifest::Service& service = *manifest.services()->Get(part.entry);
    part.plan = &service;
    if (const PersistentPart* other = other_provider(services, service)) {
        part.missing = Error::AlreadyExists;
        note.append("not needed: ").append(other->name()).append(" provides the same");
        return;
    }
    write_allowed(part.allowed, manifest, programs, service);
    const Status made = part.make(core, index, service);
    if (!made.ok()) note.append(part.trouble).append(": ").append(to_string(made.error()));
}

// Makes the persistent parts of all services that keep the rules. The others are there to be asked about. Of several drivers
// that provide the same, the first whose device is there is made.
void load(CoreServers& core, const manifest::Manifest& manifest, State& state, Services& services) {
    std::array<Verdict, kMaxServices> verdicts{};
    std::array<bool, kMaxServices> refused{};
    const ArchivePrograms programs;
    check_manifest(manifest, programs, verdicts);
    const std::size_t listed = manifest.services()->size();
    if (listed > verdicts.size()) complain("manifest: more services than the supervisor has room for");
    for (unsigned i = 0; i < std::min<std::size_t>(listed, verdicts.size()); ++i) {
        const manifest::Service& service = *manifest.services()->Get(i);
        const Verdict& verdict = verdicts[i];
        FixedText<200> line;
        if (!verdict.accepted) complain(line.append("manifest: ").append(text(service.name())).append(": ").append(verdict.reason));
        if (!verdict.has_name) continue;
        const unsigned index = services.count++;
        PersistentPart& part = services.parts[index];
        part.plan = &service;
        part.entry = i;
        part.rank = verdict.rank;
        refused[index] = !verdict.accepted;
        if (verdict.accepted) {
            make_part(core, programs, manifest, services, index);
            continue;
        }
        part.missing = Error::NotSupported;
        services.records[index].note.append(verdict.reason);
    }
    for (unsigned i = 0; i < services.count; ++i) {
        PersistentPart& part = services.parts[i];
        if (!part.made && !refused[i]) {
            const bool may_be_missing = part.plan->device() && part.plan->device()->optional() && part.missing == Error::NoDevice;
            part.spare = may_be_missing || other_provider(services, *part.plan) != nullptr;
            FixedText<200> line(part.name());
            line.append(": ").append(services.records[i].note);
            if (!part.spare) complain(line);
            else if (part.missing != Error::AlreadyExists) log(line);
        }
        state.parts.parts[i] = part;
        state.services.store(i, services.records[i]);
    }
    state.parts.count = services.count;
    store_word(state.parts.are_complete, 1);
}

void take_up(const manifest::Manifest& manifest, const State& state, Services& services) {
    services.count = static_cast<unsigned>(state.parts.count);
    for (unsigned i = 0; i < services.count; ++i) {
        const PartRecord& record = state.parts.parts[i];
        if (!services.parts[i].take_up(record, i, *manifest.services()->Get(record.entry)).ok()) panic("rs: what it has made for a service cannot be taken up");
    }
}

// An error: there is no manifest that can be used.
Status load(CoreServers& core, State& state, Services& services) {
    if (state.manifest_bytes == 0) EFT_CHECK(copy_manifest(state));
    EFT_TRY(const manifest::Manifest* manifest, read_manifest(std::span(state.manifest).first(state.manifest_bytes)));
    if (state.parts.are_complete != 0) take_up(*manifest, state, services);
    else load(core, *manifest, state, services);
    for (unsigned i = 0; i < services.count; ++i) {
        services.plans[i] = supervision_of(*services.parts[i].plan);
        plan_reactions(services, i);
    }
    return {};
}

}  // namespace

int eft_main() {
    static EFT_PROCESS_LOCAL CoreServers core;
    Services& services = *new Services;  // in the heap: as a static it would be part of the image
    const std::span<std::byte> memory = state_memory_of<kStateBytes>();
    if (SessionSlots::count() < kPersistentSlots) panic_for_slots(kPersistentSlots);
    State& state = *std::launder(reinterpret_cast<State*>(memory.data() + kStateOffset));
    if (!core.open().ok()) panic("rs cannot open its sessions");
    if (const Status loaded = load(core, state, services); !loaded.ok()) {
        FixedText<100> line;
        complain(line.append("manifest: ").append(to_string(loaded.error())));
    }

    const auto parts = std::span(services.parts).first(services.count);
    const auto plans = std::span<const Supervision>(services.plans).first(services.count);
    const auto records = std::span(services.records).first(services.count);
    static EFT_PROCESS_LOCAL Processes processes(core, parts, records);
    static EFT_PROCESS_LOCAL Updates updates(core, parts, records);
    static EFT_PROCESS_LOCAL Supervisor supervisor(processes, updates, plans, records, state.services, state.now);
    static EFT_PROCESS_LOCAL Watch watch(processes, supervisor, plans, records);
    static EFT_PROCESS_LOCAL SessionSlots slots;
    static EFT_PROCESS_LOCAL Orders orders(memory.first(Orders::Region::kBytes), slots, core, parts, processes, supervisor, records);
    log_recovery(orders.recover(incarnation().replies_delivered));
    static EFT_PROCESS_LOCAL RegionCommit commit(orders.region().log(), orders.view());
    supervisor.recover();
    u8 last_rank = 0;
    for (const PersistentPart& part : parts) last_rank = std::max(last_rank, part.rank);
    for (unsigned rank = 0; rank <= last_rank; ++rank) {
        for (unsigned i = 0; i < plans.size(); ++i) {
            if (parts[i].rank == rank && parts[i].made && !plans[i].by_order && records[i].incarnation == 0) static_cast<void>(supervisor.start(i));
        }
    }

    ServerLoop loop(&commit);
    loop.run([&](auto& context, auto& message) {
                 const ipc::Outcome outcome = rs::Rs::dispatch(orders, context, message);
                 orders.raise_changes();
                 if (outcome == ipc::Outcome::Deferred) orders.commit_step();
                 return outcome;
             },
             [&](u64 bits) {
                 for (unsigned i = 0; i < plans.size(); ++i) {
                     if (!(bits >> (kFirstServiceBit + i) & 1)) continue;
                     if (const auto complaint = processes.take_complaint(i)) supervisor.complain(i, *complaint);
                     supervisor.check(i);
                 }
                 if (bits >> kTickBit & 1) {
                     supervisor.tick();
                     watch.tick();
                 }
                 orders.raise_changes();
                 orders.look_again();
                 orders.commit_step();
                 if (bits >> kOwnOrderBit & 1) orders.obey_own_order();
             });
}
