// The whole system with services of the test, which do what requests or their scripts tell them (actor.fbs), and callers that
// make these requests. rs is the product's, and so is everything that it learns of them.
#pragma once

#include "host_system.h"

#include <eft/idl/actor.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace eft::test {

using actor::Deed;

// What an actor does by itself in each of its incarnations, and what it has seen. It outlives them.
struct Script {
    enum class Start : u8 {
        Serves,
        NeverReady,     // and serves
        SaysAnother,    // claims to be ready, as an incarnation that it is not
        Dies,           // as soon as it is up
        Ends            // with `status`
    };
    Start start = Start::Serves;
    unsigned starts_left = ~0u;  // so many times; then it serves
    int status = 0;
    // Its incarnations up to this one answer Ask with an error, and say at heartbeats that work waits and none is done.
    unsigned wrong_incarnations = 0;
    Error wrong = Error::None;
    unsigned idle_incarnations = 0;

    unsigned starts = 0;
    u64 replies_before = 0;      // that all incarnations before have delivered, as this one was told
    bool last_end_ordered = false;
};

// What a caller does in its one life: `times` requests, each with `sessions` in turn, and what came of them.
struct Requests {
    std::string_view whom = {};
    actor::Order order = {};
    unsigned times = 1;
    unsigned sessions = 1;
    std::string_view peer = {};  // whom `whom` shall meet first; or nobody
    bool stays = false;     // lives on then
    bool asks = false;      // Ask, and not Act

    Error connected = Error::None;
    unsigned answered = 0;
    unsigned made = 0;
    Error last = Error::None;
    bool at_work = false;
};

class Cast {
public:
    static constexpr std::array<std::string_view, 6> kActors = {"zero", "one", "two", "three", "four", "canary"};
    static constexpr std::array<std::string_view, 3> kCallers = {"anna", "bert", "carl"};

    // Actors have the priorities 40, 39, …; callers may call all of them. `fields` are those of the actors' entries in the
    // manifest, `others` and `further_entries` further programs and services. Scripts are set before, and last as long as this.
    explicit Cast(const std::string& fields = kStill, const std::vector<HostProgram>& others = {}, const std::string& further_entries = {});
    ~Cast();

    static Script& script(std::string_view actor);
    static Requests& requests(std::string_view caller);

    // Starts the caller, which makes its requests; goes on until nobody can run.
    void call(std::string_view caller, const Requests& requests);
    // Until the caller has ended.
    bool ends(std::string_view caller, unsigned ticks = 200);
    // An exception that nobody ordered, at once.
    void dies(std::string_view actor);
    void tick(unsigned count) {
        system.schedule_ticks(count);
        system.run();
    }

    rs::ServiceLine line(std::string_view name) { return system.line(name); }
    rs::ServiceState state_of(std::string_view name) { return system.state_of(name); }
    rs::ServiceInfoView info(std::string_view name);
    u32 deaths(std::string_view name) { return info(name).deaths(); }
    // "page fault, …; a request of anna was in progress"; empty: it has never died.
    std::string last_death(std::string_view name);
    Status kill(std::string_view name, rs::KillSignal signal = rs::KillSignal::Kill);

    static const std::string kStill;     // no heartbeats; 4 failures in 50 s are too many, 2 of one client
    static const std::string kWatched;   // the same, with heartbeats every 4 ticks

    HostSystem system;

private:
    static std::vector<HostProgram> programs(const std::vector<HostProgram>& others);
    static std::string manifest(const std::string& fields, const std::string& further);
};

}  // namespace eft::test
