// The reincarnation server: reads the manifest, starts what it names, and brings back what dies.
#include "orders.h"
#include "watch.h"

#include <eft/run_server.h>

namespace {

using namespace eft;
using namespace eft::supervisor;

// Lines that a person has to see even if nothing else works: on the kernel's console, and in the log.
class ConsoleComplaints final : public Complaints {
public:
    void add(std::string_view line) override {
        FixedText<255> whole;
        whole.append("rs: ").append(line);
        log(line);
        sys::debug_print(whole.append('\n').c_str());
    }
};

struct System {
    Machine machine;
    std::array<Supervision, kMaxServices> plans{};
    std::array<ServiceRecord, kMaxServices> records{};
    unsigned count = 0;
};

Supervision supervision_of(const manifest::Service& service) {
    const manifest::Restart* restart = service.restart();
    Supervision plan;
    plan.policy = restart ? static_cast<Policy>(restart->policy()) : Policy::Always;
    plan.limits = restart ? RestartLimits{ticks(restart->initial_ms()), ticks(restart->cap_ms()), ticks(restart->stable_ms()),
                                          restart->limit(), ticks(restart->window_ms()), restart->session_limit()}
                          : kDefaultLimits;
    if (restart) plan.overdue_clients = restart->overdue_clients();
    plan.heartbeat = ticks(service.heartbeat_ms());
    plan.start_limit = ticks(service.start_ms());
    plan.level = service.level();
    plan.priority = service.priority();
    plan.provides = service.provides() && service.provides()->size() != 0;
    plan.driver = service.device() != nullptr;
    return plan;
}

// Makes the persistent parts of all services that keep the rules. The others do not exist.
Status load(System& system, ConsoleComplaints& complaints) {
    EFT_TRY(const auto bytes, system.machine.boot_file("manifest"));
    EFT_TRY(const manifest::Manifest* manifest, read_manifest(bytes));
    std::array<bool, kMaxServices> accepted{};
    check_manifest(*manifest, system.machine, accepted, complaints);
    for (unsigned i = 0; i < accepted.size(); ++i) {
        if (!accepted[i]) continue;
        const manifest::Service& service = *manifest->services()->Get(i);
        system.plans[system.count] = supervision_of(service);
        const Status made = system.machine.make(system.count, service);
        if (!made.ok()) {
            FixedText<95>& note = system.records[system.count].note;
            note.append(system.machine.part(system.count).trouble).append(": ").append(to_string(made.error()));
            FixedText<200> line;
            complaints.add(line.append(text(service.name())).append(": ").append(note));
        }
        ++system.count;
    }
    return {};
}

}  // namespace

int eft_main() {
    static System system;
    static ConsoleComplaints complaints;
    if (const Status opened = system.machine.open(); !opened.ok()) panic("rs cannot open its sessions");
    if (const Status loaded = load(system, complaints); !loaded.ok()) {
        FixedText<100> line;
        complaints.add(line.append("manifest: ").append(to_string(loaded.error())));
    }

    const std::span<const Supervision> plans(system.plans.data(), system.count);
    const std::span<ServiceRecord> records(system.records.data(), system.count);
    static Supervisor<Machine> supervisor(system.machine, plans, records);
    static Watch<Machine> watch(system.machine, supervisor, plans, records);
    static KernelSessionSlots slots;
    alignas(64) static std::byte sessions[Orders::Region::kBytes];
    static Orders orders(sessions, slots, system.machine, supervisor, records);
    static_cast<void>(orders.recover(0));
    static RegionCommit<ReplyCommit, Orders::View> commit(orders.region().log(), orders.view());
    for (u8 level = 0; level <= kLastLevel; ++level) {
        for (unsigned i = 0; i < system.count; ++i) {
            if (plans[i].level == level && system.machine.part(i).made) static_cast<void>(supervisor.start(i));
        }
    }

    ServerLoop loop(&commit);
    loop.run([&](auto& context, auto& message) {
                 const ipc::Outcome outcome = rs::Rs::dispatch(orders, context, message);
                 orders.tell_changes();
                 if (outcome == ipc::Outcome::Deferred) orders.commit_step();
                 return outcome;
             },
             [&](u64 bits) {
                 for (unsigned i = 0; i < system.count; ++i) {
                     if (!(bits >> (kFirstServiceBit + i) & 1)) continue;
                     if (const auto complaint = system.machine.take_complaint(i)) supervisor.complain(i, *complaint);
                     supervisor.look(i);
                 }
                 if (bits >> kTickBit & 1) {
                     supervisor.tick();
                     watch.tick();
                 }
                 orders.tell_changes();
                 orders.look_again();
                 orders.commit_step();
             });
}
