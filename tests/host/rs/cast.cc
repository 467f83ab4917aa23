#include "cast.h"

#include <eft/server.h>
#include <eft/session.h>
#include <eft/wake.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace eft::test {

namespace {

std::array<Script, Cast::kActors.size()> scripts;
std::array<Requests, Cast::kCallers.size()> all_requests;

template <class Names>
std::size_t place_in(const Names& names, std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) throw std::logic_error("nobody is called " + std::string(name));
    return static_cast<std::size_t>(found - names.begin());
}

[[noreturn]] void sleep_for_ever() {
    for (;;) {
        ipc::Registers registers;
        static_cast<void>(sys::recv(slot(WellKnown::Notification), registers));
    }
}

class Player {
public:
    explicit Player(const Script& script) : script_(script) {}

    Task<Status> act(ipc::Context&, actor::Order order) {
        switch (order.deed) {
            case Deed::Nothing: break;
            case Deed::Die: arch::crash();
            case Deed::Compute: host::compute(order.milliseconds == 0 ? host::kForEver : order.milliseconds * host::Machine::kTicksPerMs); break;
            case Deed::Sleep: sleep_for_ever();
            case Deed::Defer: {
                co_await Suspension(waiting_);  // nobody resumes it
                break;
            }
            case Deed::Pass: {
                Status passed = peer_ ? peer_->act({.deed = order.then}).error() : Error::NotFound;
                co_return passed;
            }
        }
        co_return Status();
    }
    Status ask(ipc::Context&, const actor::Order&) { return script_.starts <= script_.wrong_incarnations ? Status(script_.wrong) : Status(); }
    Status meet(ipc::Context&, actor::Peer&& request) {
        peer_.emplace(request.peer.take_client());
        return {};
    }

private:
    const Script& script_;
    WaitPoint waiting_;
    std::optional<actor::ActorClient<>> peer_;
};

int play(Script& script) {
    ++script.starts;
    script.replies_before = incarnation().replies_delivered;
    script.last_end_ordered = config().last_end_ordered != 0;
    const bool as_told = script.starts_left != 0 && script.starts_left-- != 0;
    const Script::Start start = as_told ? script.start : Script::Start::Serves;
    if (start == Script::Start::SaysAnother) {
        persistent_head().ready_incarnation = 7;
        sys::signal(slot(WellKnown::Supervisor));
    }
    if (start == Script::Start::NeverReady || start == Script::Start::SaysAnother)
        for (;;) wait_for_wake();
    if (start != Script::Start::Serves) report_ready();
    if (start == Script::Start::Dies) arch::crash();
    if (start == Script::Start::Ends) return script.status;
    static EFT_PROCESS_LOCAL Player player(script);
    ServerLoop loop;
    loop.judge_heartbeats([](void* of) { return static_cast<Script*>(of)->starts > static_cast<Script*>(of)->idle_incarnations; }, &script);
    loop.run(requests_to<actor::Actor>(player));
}

int call_others(Requests& requests) {
    report_ready();
    if (requests.whom.empty()) return 0;  // at the system's start
    std::array<actor::ActorClient<>, 4> sessions;
    for (unsigned i = 0; i < requests.sessions; ++i) {
        auto session = connect(requests.whom);
        requests.connected = session.error();
        if (!session.ok()) return 1;
        sessions[i].transport().replace(std::move(*session));
    }
    if (!requests.peer.empty()) {
        auto peer = connect(requests.peer);
        if (!peer.ok()) return 1;
        actor::Peer introduction;
        introduction.peer = ipc::CapField<ipc::kind::EndpointOf<actor::Actor>>(peer->slot());
        static_cast<void>(sessions[0].meet(introduction).or_error());
    }
    requests.at_work = true;
    for (unsigned i = 0; i < requests.times; ++i) {
        ++requests.made;
        actor::ActorClient<>& session = sessions[i % requests.sessions];
        requests.last = requests.asks ? session.ask(requests.order).error() : session.act(requests.order).error();
        requests.answered += requests.last == Error::None;
    }
    requests.at_work = false;
    while (requests.stays) wait_for_wake();
    return 0;
}

template <std::size_t... I>
void add_actors(std::vector<HostProgram>& programs, std::index_sequence<I...>) {
    (programs.push_back({std::string(Cast::kActors[I]), [] { return play(scripts[I]); }}), ...);
}
template <std::size_t... I>
void add_callers(std::vector<HostProgram>& programs, std::index_sequence<I...>) {
    (programs.push_back({std::string(Cast::kCallers[I]), [] { return call_others(all_requests[I]); }}), ...);
}

std::string quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

}  // namespace

const std::string Cast::kStill =
    R"(, "heartbeat_ms": 0, "start_ms": 3000, "restart": {"initial_ms": 100, "cap_ms": 2000, "stable_ms": 10000, "limit": 4, "window_ms": 50000, "session_limit": 2})";
const std::string Cast::kWatched =
    R"(, "heartbeat_ms": 200, "start_ms": 3000, "restart": {"initial_ms": 100, "cap_ms": 2000, "stable_ms": 10000, "limit": 4, "window_ms": 50000, "session_limit": 2})";

Cast::Cast(const std::string& fields, const std::vector<HostProgram>& others, const std::string& further)
    : system(programs(others), manifest(fields, further)) {}

Cast::~Cast() {
    scripts = {};
    all_requests = {};
}

Script& Cast::script(std::string_view actor) { return scripts[place_in(kActors, actor)]; }
Requests& Cast::requests(std::string_view caller) { return all_requests[place_in(kCallers, caller)]; }

std::vector<HostProgram> Cast::programs(const std::vector<HostProgram>& others) {
    std::vector<HostProgram> programs = others;
    add_actors(programs, std::make_index_sequence<kActors.size()>());
    add_callers(programs, std::make_index_sequence<kCallers.size()>());
    return programs;
}

std::string Cast::manifest(const std::string& fields, const std::string& further) {
    std::string entries, connects;
    int priority = 40;
    for (const std::string_view name : kActors) {
        entries += "{\"name\": " + quoted(name) + ", \"priority\": " + std::to_string(priority--) + ", \"provides\": [" + quoted(name) + "]" + fields + "},\n";
        connects += (connects.empty() ? "" : ", ") + quoted(name);
    }
    for (const std::string_view name : kCallers)
        entries += "{\"name\": " + quoted(name) + R"(, "kind": "Program", "priority": 10, "heartbeat_ms": 0, "restart": {"policy": "Never"}, "connects": [)" + connects + "]},\n";
    entries.resize(entries.size() - 2);
    return "{\"services\": [" + entries + (further.empty() ? "" : ", " + further) + "]}";
}

void Cast::call(std::string_view caller, const Requests& wanted) {
    requests(caller) = wanted;
    if (!system.rs().start({caller}).ok()) throw std::logic_error(std::string(caller) + " cannot be started");
    system.run();
}

bool Cast::ends(std::string_view caller, unsigned ticks) {
    return system.run_until([&] { return state_of(caller) == rs::ServiceState::Down; }, ticks);
}

// It is woken, and does not get beyond its next system call.
void Cast::dies(std::string_view actor) {
    host::Image& image = system.image(actor);
    image.fatal_system_call = image.system_calls;
    rs::FaultOrder order;
    order.name = actor;
    if (!system.rs().fault(order).ok()) throw std::logic_error(std::string(actor) + " cannot be woken");
    system.run();
}

rs::ServiceInfoView Cast::info(std::string_view name) {
    auto info = system.rs().info({name});
    if (!info.ok()) throw std::logic_error("rs says nothing about " + std::string(name) + ": " + to_string(info.error()));
    return *info;
}

std::string Cast::last_death(std::string_view name) {
    const auto death = info(name).last_death();
    return death ? std::string(death->words()) : std::string();
}

Status Cast::kill(std::string_view name, rs::KillSignal signal) {
    rs::KillOrder order;
    order.name = name;
    order.signal = signal;
    const Status done = system.rs().kill(order).error();
    system.run();
    return done;
}

}  // namespace eft::test
