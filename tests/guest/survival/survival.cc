// echo and counter survive a thousand kills each, at random instructions, with eight clients queued
// and in progress. Every request is answered exactly once, the counter ends with exactly the number
// of acknowledged increments, and nothing is left of the dead.
//
// The clients have a higher priority than the service, so that all that do not wait for an answer
// are queued at its endpoint when the kill comes. The moments come from the interval timer, whose
// phase moves against the service's instructions with every restart; icount makes them repeatable.
#include "../alarm.h"
#include "../stage.h"
#include "tally.h"

#include <eft/layout.h>

#include <array>
#include <cstring>

using namespace eft;
using namespace eft::test;

namespace {

namespace ko = kernel_object;

constexpr u32 kClients = 8;
constexpr u32 kKills = 1000;
constexpr u32 kSettled = 10;  // figures after this kill are compared with those after the last
constexpr u8 kServicePriority = 30, kClientPriority = 31;
constexpr u32 kShortestLife = 40, kLongestLife = 200;  // in timer periods of 838 ns

root::Service services[2];
root::Service clients[2][kClients];

struct Figures {
    u64 objects, slots, untyped_used, mapped, attached;
    bool operator==(const Figures&) const = default;
};

survival::Tally& tally(root::Service& client) { return *reinterpret_cast<survival::Tally*>(client.state()); }

class Trial {
public:
    Trial(Stage& stage, root::Service& service, root::Service (&its_clients)[kClients]) : stage_(stage), service_(service), clients_(its_clients) {}

    void run();
    u64 in_progress() const { return in_progress_; }
    u64 queued() const { return queued_; }
    const Figures& settled() const { return settled_; }
    const Figures& last() const { return last_; }
    u64 longest_restart() const { return longest_restart_; }
    u64 unanswered() const { return unanswered_; }
    u64 wrong_traces() const { return wrong_traces_; }

private:
    void look();
    void check_trace(u64 replies);
    Figures figures();

    Stage& stage_;
    root::Service& service_;
    root::Service (&clients_)[kClients];
    Random random_;
    u64 in_progress_ = 0, queued_ = 0, longest_restart_ = 0;
    u64 unanswered_ = 0, wrong_traces_ = 0;
    Figures settled_{}, last_{};
};

// What the clients are waiting for at this instruction.
void Trial::look() {
    bool in_progress = false;
    for (root::Service& client : clients_) {
        const auto info = ko::inspect_thread(client.thread());
        if (!info.ok()) continue;
        in_progress |= info->state == ThreadState::AwaitingReply;
        queued_ += info->state == ThreadState::Sending;
    }
    in_progress_ += in_progress;
}

// What the dead one has noted of its requests agrees with the number of replies that the kernel counted: an answer is
// noted before it is sent, and only the last request can be without one.
void Trial::check_trace(u64 replies) {
    static std::array<u64, kTraceWords> words;
    static std::array<TraceEntry, kTraceEntries> entries;
    if (!service_.ready()) return;  // killed before it cleared what its predecessor had left
    std::memcpy(words.data(), &service_.head().trace, sizeof(words));
    const std::size_t count = read_trace(words, entries);
    std::size_t answered = 0;
    bool right = true;
    for (std::size_t i = 0; i < count; ++i) {
        const bool has_answer = entries[i].answer != TraceEntry::kNone;
        answered += has_answer;
        right = right && (has_answer || i + 1 == count) && entries[i].badge != 0 && Tag(entries[i].tag).label() != 0;
        right = right && (i == 0 || entries[i].time > entries[i - 1].time);
    }
    if (count < kTraceEntries) right = right && (answered == replies || answered == replies + 1);
    else right = right && replies + 1 >= kTraceEntries;
    wrong_traces_ += !right;
    unanswered_ += answered < count;
}

Figures Trial::figures() {
    sys::Registers registers;
    sys::enter(sys::number(SystemCall::Debug), static_cast<Slot>(DebugCall::Objects), registers);
    const auto used = ko::used_slots(root::root_slot(RootSlot::Table));
    const auto own = ko::used_slots(service_.table());
    const auto space = ko::inspect_space(service_.space());
    const auto untyped = ko::inspect_untyped(service_.incarnation_memory());
    return {registers.w[0], u64{*used} << 32 | *own, untyped->used, space->mapped_pages, space->attached};
}

void Trial::run() {
    for (u32 kill = 1; kill <= kKills; ++kill) {
        sleep_while_others_run(stage_, static_cast<u32>(kShortestLife + random_.next() % (kLongestLife - kShortestLife)));
        look();
        const auto dying = ko::inspect_thread(service_.thread());
        const u64 before = sys::time_stamp();
        stage_.require(service_.end(), "end an incarnation");
        check_trace(dying->replies_delivered);
        stage_.require(service_.build_next(), "build the next incarnation");
        const u64 took = sys::time_stamp() - before;
        if (took > longest_restart_) longest_restart_ = took;
        if (kill == kSettled) settled_ = figures();
        if (kill == kKills) last_ = figures();
        stage_.require(service_.resume(), "resume");
    }
    // Everybody finishes the request that is under way.
    for (root::Service& client : clients_) tally(client).stop = 1;
    for (u32 i = 0; i < kClients; ++i) {
        while (*const_cast<volatile u32*>(&tally(clients_[i]).resting) == 0) sleep_while_others_run(stage_, kLongestLife);
        stage_.require(ko::suspend(clients_[i].thread()), "suspend a client");
    }
}

struct Sum {
    u64 asked = 0, answered = 0, given_up = 0, wrong = 0, least = ~u64{0};
};

Sum sum_of(root::Service (&its_clients)[kClients]) {
    Sum sum;
    for (root::Service& client : its_clients) {
        const survival::Tally& seen = tally(client);
        sum.asked += seen.asked, sum.answered += seen.answered, sum.given_up += seen.given_up, sum.wrong += seen.wrong;
        if (seen.answered < sum.least) sum.least = seen.answered;
        if (seen.wrong != 0) print_value("error of a client", seen.last_error);
    }
    return sum;
}

void report(Stage& stage, std::string_view name, const Trial& trial, const Sum& sum) {
    root::print("-- ");
    root::print(name);
    root::print("\n");
    print_value("kills", kKills);
    print_value("kills with a request in progress", trial.in_progress());
    print_value("callers queued at kills", trial.queued());
    print_value("kills with a request noted and not answered", trial.unanswered());
    print_value("requests answered", sum.answered);
    print_value("requests given up after two deaths", sum.given_up);
    print_value("longest time to end and build, instructions", trial.longest_restart());
    stage.expect("every-answer-is-right", sum.wrong == 0, "a client saw a wrong answer");
    stage.expect("each-request-is-answered-once", sum.asked == sum.answered + sum.given_up, "requests and answers do not agree");
    stage.expect("every-client-makes-progress", sum.least > kKills, "a client starved");
    stage.expect("half-of-the-kills-hit-a-request", trial.in_progress() * 2 >= kKills, "too few kills hit a request in progress");
    stage.expect("the-trace-agrees-with-the-replies", trial.wrong_traces() == 0 && trial.unanswered() != 0, "a trace is not what happened");
    const bool same = trial.settled() == trial.last();
    if (!same) {
        print_value("objects then", trial.settled().objects), print_value("objects now", trial.last().objects);
        print_value("slots then", trial.settled().slots), print_value("slots now", trial.last().slots);
        print_value("memory then", trial.settled().untyped_used), print_value("memory now", trial.last().untyped_used);
        print_value("mappings then", trial.settled().mapped), print_value("mappings now", trial.last().mapped);
    }
    stage.expect("nothing-is-left-of-the-dead", same, "objects, slots, memory or mappings differ from those after the tenth kill");
}

u64 counter_value(root::Service& counter) {
    // The state region's page: the number is the last word of the region (servers/counter).
    return *reinterpret_cast<const u64*>(counter.state() + kPageSize);
}

}  // namespace

void stage_main(Stage& stage) {
    stage.open(25);
    open_alarm(stage);

    constexpr std::string_view kNames[] = {"echo", "counter"};
    for (u32 i = 0; i < 2; ++i) {
        stage.create(services[i], {kNames[i], kNames[i], 19, 9, kServicePriority, 4, i == 1 ? 3 * u32{kPageSize} : 0, bits(EndpointRight::Receive)});
        for (root::Service& client : clients[i]) {
            stage.create(client, {"client", "survival_client", 19, 9, kClientPriority, 4, u32{kPageSize}, bits(EndpointRight::Receive)});
            stage.connect(client, services[i], 100 + stage.services);
        }
    }
    for (u32 i = 0; i < 2; ++i) {
        stage.require(services[i].build_next(), "build a service");
        stage.require(services[i].resume(), "start a service");
        for (root::Service& client : clients[i]) {
            stage.require(client.build_next(), "build a client");
            stage.require(client.resume(), "start a client");
        }
        Trial trial(stage, services[i], clients[i]);
        trial.run();
        const Sum sum = sum_of(clients[i]);
        report(stage, kNames[i], trial, sum);
        if (i == 1) {
            const u64 value = counter_value(services[1]);
            print_value("counter", value);
            stage.expect("the-counter-is-the-acknowledged-increments", value == sum.answered, "increments were lost or done twice");
        }
        stage.require(services[i].end(), "end the service");
    }
}
