// Kills the services that its arguments name, one after the other, each again and again, at random moments while another program
// keeps its ring full, and measures in virtual time from the order to the first request that the new incarnation takes.
// Of a core server, which is above everybody who orders its death, the first request is one of this program.
//
// It stands above the service, so that its timer interrupts the service at any instruction. Every second death is a CPU
// exception in the service instead of an order to proc. The clock starts before the order is given.
#include "figures.h"

#include <eft/idl/dev.h>
#include <eft/idl/proc.h>
#include <eft/idl/timer.h>
#include <eft/session.h>
#include <eft/shared_memory.h>

#include <algorithm>
#include <array>

using namespace eft;
using namespace eft::bench;

namespace {

constexpr u32 kDeaths = 240;
constexpr u64 kLeastWait = 3'000'000, kMoreWait = 5'000'000;  // ns between two deaths
constexpr u64 kLook = 1'000'000;
constexpr u32 kLooks = 1000;
constexpr u64 kExpiredBit = 1;

class Clock {
public:
    Clock() : timer_(require(connect("timer"), "no session with the clock")) {
        const CapHandle wake = require(copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), kExpiredBit), "no wake-up");
        timer::Attach request;
        request.wake = wake;
        require(status(timer_.attach(request)), "the clock does not attach");
    }
    void sleep(u64 nanoseconds) {
        timer::Arm request;
        request.deadline_ns = require(timer_.now(), "the clock").now_ns + nanoseconds;
        require(status(timer_.arm(request)), "the clock");
        while (require(timer_.expired(), "the clock").timers == 0) {
            ipc::Registers registers;
            static_cast<void>(sys::recv(slot(WellKnown::Notification), registers));
        }
        require(status(timer_.disarm({})), "the clock");
    }

private:
    static Status status(const Result<Empty>& result) { return result.ok() ? Status() : Status(result.error()); }
    timer::TimerServiceClient<> timer_;
};

// The durations of one recovery, in the order of what happens.
enum Phase : unsigned { Notice, Record, Silence, Revoke, Clear, Load, Start, Ready, Whole, kPhases };
constexpr std::string_view kPhaseNames[kPhases] = {"notice", "record", "silence", "revoke", "clear", "load", "start", "ready", "whole"};
using Durations = std::array<std::array<u64, kDeaths>, kPhases>;

// Something to do for a core server.
class Errand {
public:
    void run(std::string_view server, rs::RsClient<>& supervisor) {
        if (server == "names") {
            std::array<u64, 64> badges;
            static_cast<void>(closed_sessions(badges));
        } else if (server == "dev") {
            static_cast<void>(devices_.next({.after = 0}));
        } else if (server == "proc") {
            static_cast<void>(processes_.next({.after = 0}));
        } else if (server == "rs") {
            static_cast<void>(supervisor.next({.after = 0}));
        } else if (server == "mem") {
            static_cast<void>(memory_quota());
        }
    }

private:
    dev::DevClient<> devices_{CapHandle(granted("dev").ok() ? *granted("dev") : Slot::None)};
    proc::ProcClient<> processes_{CapHandle(slot(WellKnown::Process))};
};

class Campaign {
public:
    void run(std::string_view victim) {
        victim_ = victim;
        busy_ = 0;
        for (u32 death = 0; death < kDeaths; ++death) {
            clock_.sleep(kLeastWait + random_.below(kMoreWait));
            kill(death);
        }
    }

    void print() {
        for (auto& durations : durations_) std::sort(durations.begin(), durations.end());
        const auto& whole = durations_[Whole];
        print("p50", whole[kDeaths / 2]);
        print("p99", whole[kDeaths * 99 / 100]);
        print("max", whole[kDeaths - 1]);
        for (unsigned phase = 0; phase < Whole; ++phase) {
            FixedText<40> name("phase.");
            print(name.append(kPhaseNames[phase]), durations_[phase][kDeaths / 2]);
        }
        print("deaths", kDeaths);
        print("deaths.busy", busy_);
    }

    rs::RsClient<>& supervisor() { return supervisor_; }

private:
    void kill(u32 death) {
        rs::KillOrder order;
        order.name = victim_;
        order.signal = death % 2 == 0 ? rs::KillSignal::Kill : rs::KillSignal::Crash;
        const u64 start = sys::time_stamp();
        const auto killed = supervisor_.kill(order);
        if (!killed.ok()) give_up("the service cannot be killed", killed.error());
        errand_.run(victim_, supervisor_);
        for (u32 look = 0; look < kLooks; ++look) {
            clock_.sleep(kLook);
            rs::Name name;
            name.name = victim_;
            const auto phases = supervisor_.recovery(name);
            if (!phases.ok() && phases.error() == Error::NotFound) continue;
            if (!phases.ok()) give_up("the supervisor does not answer", phases.error());
            if (phases->died > start && phases->ready != 0 && phases->first_request != 0) return note(death, start, *phases);
        }
        give_up("the service did not come back");
    }

    void note(u32 death, u64 start, const rs::Phases& phases) {
        // It found requests in its ring, of which the dead one had some in progress.
        if (phases.first_request < phases.ready) ++busy_;
        const u64 end = phases.first_request;
        const u64 durations[kPhases] = {phases.died - start,
                                        phases.noticed - phases.died,
                                        phases.silenced - phases.noticed,
                                        phases.gone - phases.silenced,
                                        phases.revoked - phases.gone,
                                        phases.spawned - phases.revoked,
                                        end - phases.spawned,
                                        phases.ready - phases.spawned,
                                        end - start};
        for (unsigned phase = 0; phase < kPhases; ++phase) durations_[phase][death] = durations[phase];
    }

    void print(std::string_view name, u64 value) const {
        FixedText<80> key("recovery.");
        report(key.append(victim_).append('.').append(name), value);
    }

    std::string_view victim_;
    Errand errand_;
    Clock clock_;
    rs::RsClient<> supervisor_{CapHandle(require_granted("rs"))};
    Random random_;
    Durations durations_{};
    u32 busy_ = 0;
};

}  // namespace

int eft_main() {
    report_ready();
    require_instruction_counter();
    static Campaign campaign;
    for (std::string_view victims = field_text(config().arguments); !victims.empty();) {
        const std::string_view victim = victims.substr(0, victims.find(' '));
        victims.remove_prefix(std::min(victim.size() + 1, victims.size()));
        campaign.run(victim);
        campaign.print();
    }
    finish(campaign.supervisor());
}
