// Caller, server, subscriber, and any two of them at once are killed at random instructions. Each acknowledged `once`
// call has had exactly one effect, and the subscriber has dealt with each change exactly once, or was told that it has
// missed it.
//
// All clients have a higher priority than the counter, so that a kill finds them in the middle of what they keep as well
// as waiting for an answer.
#include "../alarm.h"
#include "../stage.h"
#include "kept.h"

#include <eft/layout.h>

using namespace eft;
using namespace eft::test;

namespace {

namespace ko = kernel_object;

constexpr u32 kDrawers = 4;
constexpr u32 kRounds = 1200;
constexpr u8 kServicePriority = 30, kClientPriority = 31;
constexpr u32 kShortestLife = 40, kLongestLife = 200;  // in timer periods of 838 ns
constexpr u32 kStateBytes = 3 * kPageSize;

root::Service counter_service, subscriber, drawers[kDrawers];

once::Signs& signs(root::Service& client) { return *reinterpret_cast<once::Signs*>(client.state()); }
template <class Kept>
const Kept& kept(root::Service& client) {
    return *reinterpret_cast<const Kept*>(client.state() + kPageSize + once::Region<Kept>::kBytes - sizeof(Kept));
}

void restart(Stage& stage, root::Service& service) {
    stage.require(service.end(), "end an incarnation");
    stage.require(service.build_next(), "build the next incarnation");
}

void come_to_rest(Stage& stage, root::Service& client) {
    signs(client).stop = 1;
    // The service's own notification has no bits, and a signal without bits wakes nobody.
    const Slot wake = stage.memory.take_slots(1);
    stage.require(ko::derive(root::root_slot(RootSlot::Table), wake, client.notification(), bits(NotificationRight::Signal), 2), "wake");
    for (u32 wait = 0; *const_cast<volatile u32*>(&signs(client).resting) == 0; ++wait) {
        if (wait == 1000) {
            for (root::Service* service : {&counter_service, &client}) {
                const auto info = ko::inspect_thread(service->thread());
                root::print(service->name());
                print_value(": state of its thread", static_cast<u64>(info->state));
                print_value("instruction", info->instruction_pointer);
            }
            stage.expect("everybody-comes-to-rest", false, "a client does not end");
            stage.finish();
        }
        sys::signal(wake);
        sleep_while_others_run(stage, kLongestLife);
    }
}

void kill_at_random(Stage& stage) {
    Random random;
    u64 servers = 0, callers = 0, subscribers = 0, both = 0;
    for (u32 round = 0; round < kRounds; ++round) {
        sleep_while_others_run(stage, static_cast<u32>(kShortestLife + random.next() % (kLongestLife - kShortestLife)));
        const bool server = random.next() % 2 == 0;
        root::Service* const victims[] = {nullptr, &drawers[random.next() % kDrawers], &subscriber};
        root::Service* const client = victims[server ? random.next() % 3 : 1 + random.next() % 2];
        servers += server, callers += client == victims[1], subscribers += client == victims[2];
        both += server && client;
        if (server) restart(stage, counter_service);
        if (client) restart(stage, *client);
        if (server) stage.require(counter_service.resume(), "resume");
        if (client) stage.require(client->resume(), "resume");
    }
    print_value("kills of the server", servers);
    print_value("kills of a caller", callers);
    print_value("kills of the subscriber", subscribers);
    print_value("kills of the server and another", both);
}

}  // namespace

void stage_main(Stage& stage) {
    stage.open(25);
    open_alarm(stage);
    const Rights receive = bits(EndpointRight::Receive);
    stage.create(counter_service, {"counter", "counter", 19, 9, kServicePriority, 4, kStateBytes, receive});
    stage.create(subscriber, {"subscriber", "subscriber", 19, 9, kClientPriority, 4, kStateBytes, receive});
    for (root::Service& drawer : drawers) stage.create(drawer, {"drawer", "drawer", 19, 9, kClientPriority, 4, kStateBytes, receive});
    stage.connect(subscriber, counter_service, 100);
    for (u32 i = 0; i < kDrawers; ++i) stage.connect(drawers[i], counter_service, 101 + i);

    stage.require(counter_service.build_next(), "build the counter");
    stage.require(counter_service.resume(), "start the counter");
    stage.require(subscriber.build_next(), "build the subscriber");
    stage.require(subscriber.resume(), "start the subscriber");
    while (!subscriber.ready()) sleep_while_others_run(stage, kLongestLife);
    for (root::Service& drawer : drawers) {
        stage.require(drawer.build_next(), "build a drawer");
        stage.require(drawer.resume(), "start a drawer");
    }
    kill_at_random(stage);

    u64 acknowledged = 0, repeated = 0, wrong = 0;
    for (root::Service& drawer : drawers) {
        come_to_rest(stage, drawer);
        const auto& drawn = kept<once::Drawn>(drawer);
        acknowledged += drawn.acknowledged, repeated += drawn.repeated, wrong += drawn.wrong;
    }
    come_to_rest(stage, subscriber);
    const auto& seen = kept<once::Seen>(subscriber);
    // The state region's page: the number stands first in the counter's state (servers/counter).
    const u64 value = *reinterpret_cast<const u64*>(counter_service.state() + kPageSize);
    print_value("tickets acknowledged", acknowledged);
    print_value("lives that began with a repeat", repeated);
    print_value("counter", value);
    print_value("events dealt with", seen.events);
    print_value("events missed, and told so", seen.missed);
    stage.expect("each-acknowledged-call-has-one-effect", value == acknowledged, "a ticket was lost or drawn twice");
    stage.expect("no-ticket-is-wrong", wrong == 0, "a caller saw a wrong answer");
    stage.expect("callers-died-in-the-middle", repeated > 50, "too few kills hit a call");
    stage.expect("each-change-is-seen-once-or-told-missed", seen.events + seen.missed == value && seen.wrong == 0,
                 "an event was lost silently, or seen twice");
    stage.expect("many-changes-are-seen-and-some-missed", seen.events > 2000 && seen.missed > 100, "the subscriber slept, or the queue has no bound");
}
