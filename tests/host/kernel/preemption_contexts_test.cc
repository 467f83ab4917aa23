// Where many threads are charged for one context, or wait for budget, the kernel pauses between two of them (scene.h). And
// what it does while nobody can run.
#include "scene.h"

#include <arch/timer.h>
#include <object/reply.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

constexpr unsigned kDepth = 6;

// Calls that are nested so deep; all are charged to the outermost caller's context. Then the outermost call ends.
template <auto kEnd>
struct NestedCalls : Scene {
    NestedCalls() {
        for (unsigned i = 0; i < kDepth; ++i) {
            endpoint[i] = machine.make(ObjectType::Endpoint);
            to[i] = programs[i].grant(endpoint[i]);
            from[i] = programs[i + 1].grant(endpoint[i]);
            programs[i + 1].receive(from[i]);
        }
        for (unsigned i = 0; i < kDepth; ++i) programs[i].call(to[i]);
        // What the first server's Reply holds, somebody else can answer.
        machine.expect(programs[1].thread, Invocation::ThreadSetReply, reply);
        machine.expect(helper.thread, Invocation::ThreadSetReply, helpers_own);
    }
    void operate() override { kEnd(*this); }
    void look(Picture& picture) override {
        for (Program& program : programs) {
            if (!machine.slot(program.thread).is(ObjectType::Thread)) continue;
            add(picture, program);
            const Thread& thread = program.object();
            picture.words.push_back(thread.charged == thread.own_context());
        }
    }
    void disturb() override {
        // The innermost server, which has its own context back already, answers.
        if (quiet || programs[kDepth].state() != ThreadState::Ready) return;
        CHECK(programs[kDepth].object().charged == programs[kDepth].object().own_context());
        programs[kDepth].reply_receive(from[kDepth - 1]);
    }

    Program programs[kDepth + 1]{Program(machine), Program(machine), Program(machine), Program(machine), Program(machine), Program(machine), Program(machine)};
    Program helper{machine};
    u32 endpoint[kDepth], to[kDepth], from[kDepth];
    u32 reply = machine.make(ObjectType::Reply), helpers_own = machine.free_slot();
    bool quiet = false;  // nobody acts in between
};

constexpr auto kSuspend = [](auto& scene) { scene.machine.expect(scene.programs[0].thread, Invocation::ThreadSuspend); };
constexpr auto kCancel = [](auto& scene) { scene.machine.expect(scene.programs[0].thread, Invocation::ThreadCancel); };
constexpr auto kDeleteThread = [](auto& scene) { CHECK(scene.machine.remove(scene.programs[0].thread) == Error::None); };
constexpr auto kRevokeContext = [](auto& scene) { CHECK(scene.machine.revoke(scene.programs[0].context) == Error::None); };
constexpr auto kRevokeSpace = [](auto& scene) { CHECK(scene.machine.revoke(scene.programs[0].space) == Error::None); };
constexpr auto kDestroyReply = [](auto& scene) {
    scene.quiet = true;  // slices would reap it
    CHECK(scene.machine.remove(scene.reply) == Error::None);
};
constexpr auto kAnswer = [](auto& scene) {
    scene.machine.system_call(scene.machine.manager(), SystemCall::Send, scene.reply, Tag(7, 1), {99});
    CHECK(scene.machine.answer(scene.machine.manager()).error == Error::None);
    CHECK(scene.programs[0].answer().word[0] == 99);
    CHECK(scene.machine.manager().replies_delivered == 1);
};
constexpr auto kAnswerAndReceive = [](auto& scene) {
    scene.machine.expect(scene.helper.thread, Invocation::ThreadSetReply, scene.reply);
    const u32 bell = scene.machine.make(ObjectType::Endpoint);
    scene.helper.reply_receive(scene.helper.grant(bell), Tag(7, 1), {99});
    CHECK(scene.helper.state() == ThreadState::Receiving);
    CHECK(scene.helper.object().replies_delivered == 1);
    CHECK(scene.programs[0].answer().word[0] == 99);
};

}  // namespace

TEST_CASE("the end of a call that is nested deep pauses between two of those whom its context was lent to") {
    SUBCASE("suspended") { pause_everywhere<NestedCalls<kSuspend>>(); }
    SUBCASE("cancelled") { pause_everywhere<NestedCalls<kCancel>>(); }
    SUBCASE("the thread is deleted") { pause_everywhere<NestedCalls<kDeleteThread>>(); }
    SUBCASE("the context is revoked") { pause_everywhere<NestedCalls<kRevokeContext>>(); }
    SUBCASE("the address space is revoked") { pause_everywhere<NestedCalls<kRevokeSpace>>(); }
    SUBCASE("the Reply is destroyed") { pause_everywhere<NestedCalls<kDestroyReply>>(); }
    SUBCASE("answered by a Send") { pause_everywhere<NestedCalls<kAnswer>>(); }
    SUBCASE("answered by a ReplyRecv") { pause_everywhere<NestedCalls<kAnswerAndReceive>>(); }
}

namespace {

constexpr u64 kBudget = 50'000, kPeriod = 1'000'000;
constexpr unsigned kParked = 6;

// Threads whose budget is used up, and who get it back at the same time.
struct Parked {
    Parked() {
        for (Program& program : programs) {
            machine.expect(program.context, Invocation::SchedConfigure, kBudget, kPeriod, kPriorities - 1);
            machine.run(program.object());
            arch::record().time += kBudget;
            for (unsigned slices = 0; slices < 32 && program.state() == ThreadState::Ready; ++slices) machine.time_slice();
            REQUIRE(program.state() == ThreadState::Exhausted);
        }
    }
    // The next slice ends when the first one has budget again.
    void wait_for_first_budget() { arch::record().time = programs[0].object().charged->next_refill() - arch::ticks_per_slice(); }
    unsigned waiting() {
        unsigned count = 0;
        for (Program& program : programs) count += program.state() == ThreadState::Exhausted;
        return count;
    }

    Machine machine;
    Program programs[kParked]{Program(machine), Program(machine), Program(machine), Program(machine), Program(machine), Program(machine)};
};

}  // namespace

TEST_CASE("the timer gives budget back to one thread after the other while interrupts wait, and fires again at once") {
    Parked parked;
    Machine& machine = parked.machine;
    arch::record().time += 2 * kPeriod;
    machine.preempt([] { return true; }, {});
    for (unsigned left = kParked; left > 1; --left) {
        machine.time_slice();
        CHECK(parked.waiting() == left - 1);
        if (left > 2) CHECK(machine.core().deadline <= arch::record().time);
    }
    machine.preempt({}, {});
    while (parked.waiting() != 0) machine.time_slice();
    for (Program& program : parked.programs) CHECK(program.state() == ThreadState::Ready);
}

TEST_CASE("the timer looks at nobody who waits for budget before the first of them has some") {
    Parked parked;
    unsigned looks = 0;
    parked.machine.preempt([&looks] { return ++looks, false; }, {});
    parked.machine.time_slice();
    CHECK(looks == 0);
    parked.wait_for_first_budget();
    parked.machine.time_slice();
    CHECK(looks != 0);
    CHECK(parked.programs[0].state() == ThreadState::Ready);
}

TEST_CASE("a round of looks for budget that pauses forgets nobody, whoever leaves or comes in between") {
    Parked parked;
    Machine& machine = parked.machine;
    // The first one has budget again, the others are only looked at.
    parked.wait_for_first_budget();
    machine.preempt([] { return true; }, {});
    machine.time_slice();
    CHECK(parked.programs[0].state() == ThreadState::Ready);
    CHECK(machine.core().deadline <= arch::record().time);
    machine.expect(parked.programs[3].thread, Invocation::ThreadSuspend);
    machine.expect(parked.programs[3].thread, Invocation::ThreadResume);  // and is parked again, at the end
    for (unsigned slices = 0; slices < kParked && machine.core().scheduler.in_round(); ++slices) machine.time_slice();
    CHECK(!machine.core().scheduler.in_round());
    CHECK(parked.programs[3].state() == ThreadState::Ready);  // the timer that goes on with a round ends nobody's slice
    CHECK(machine.core().deadline > arch::record().time);
    machine.preempt({}, {});
    for (unsigned slices = 0; slices < 4 && parked.waiting() != kParked - 1; ++slices) machine.time_slice();
    CHECK(parked.waiting() == kParked - 1);
    arch::record().time += 2 * kPeriod;
    machine.time_slice();
    CHECK(parked.waiting() == 0);
}

TEST_CASE("a round of looks for budget is over when all have left") {
    Parked parked;
    Machine& machine = parked.machine;
    machine.expect(kThread, Invocation::ThreadPriority, kPriority + 1);  // it goes on at once
    parked.wait_for_first_budget();
    machine.preempt([] { return true; }, {});
    machine.time_slice();
    CHECK(machine.core().scheduler.in_round());
    for (Program& program : parked.programs) machine.expect(program.thread, Invocation::ThreadSuspend);
    CHECK(!machine.core().scheduler.in_round());
    machine.time_slice();
    CHECK(parked.waiting() == 0);
}

TEST_CASE("a new budget wakes the thread whose context it is, and nobody else") {
    Parked parked;
    arch::record().time += 2 * kPeriod;
    parked.machine.expect(parked.programs[2].context, Invocation::SchedConfigure, kBudget, kPeriod, kPriorities - 1);
    CHECK(parked.programs[2].state() == ThreadState::Ready);
    CHECK(parked.waiting() == kParked - 1);
}

namespace {

// The same threads, ready without budget: whoever is chosen stops. The manager waits at `bell`, and the handler to be told.
struct Emptied : Parked {
    Emptied() {
        handler.receive(handler.grant(endpoint));
        for (Program& program : programs) {
            machine.expect(program.thread, Invocation::ThreadSuspend);
            machine.expect(program.thread, Invocation::ThreadResume);
        }
    }
    void wait() { machine.system_call(machine.manager(), SystemCall::Recv, bell); }

    u32 bell = machine.make(ObjectType::Notification), endpoint = machine.make(ObjectType::Endpoint);
    Program handler{machine};
};

}  // namespace

TEST_CASE("the search for somebody with budget pauses behind each who has none, and the timer fires at once") {
    Emptied emptied;
    Machine& machine = emptied.machine;
    Program last{machine, kPriority - 1};
    machine.preempt([] { return true; }, {});
    emptied.wait();
    for (unsigned stopped = 1; stopped < kParked; ++stopped) {
        CHECK(emptied.waiting() == stopped);
        CHECK(machine.core().current == nullptr);
        CHECK(machine.core().deadline == arch::record().time);
        stopped % 2 ? machine.time_slice() : machine.interrupt(5);
    }
    machine.interrupt(5);
    CHECK(emptied.waiting() == kParked);
    CHECK(machine.core().current == &last.object());
}

TEST_CASE("who was given the processor directly runs after a search that paused, which reaps nothing") {
    Emptied emptied;
    Machine& machine = emptied.machine;
    // The first one's handler is told, and would go on with its work.
    machine.expect(emptied.programs[0].context, Invocation::SchedHandler, emptied.endpoint);
    machine.preempt([] { return true; }, {});
    SUBCASE("nobody dies") { emptied.wait(); }
    SUBCASE("the manager's last work is to kill") {
        Program victim{machine};
        machine.system_call(machine.manager(), SystemCall::Call, kTable, Tag(static_cast<u32>(Invocation::CapDelete), 1), {victim.thread});
        const u64 objects = machine.live_objects();
        emptied.wait();
        CHECK(machine.live_objects() == objects);
    }
    CHECK(emptied.waiting() == 0);
    CHECK(emptied.programs[0].state() == ThreadState::AwaitingReply);
    CHECK(machine.core().current == nullptr);
    machine.interrupt(5);
    CHECK(machine.core().current == &emptied.handler.object());
}

TEST_CASE("the idle processor reaps what is dying, and runs at once who is woken by that") {
    Machine machine;
    const u32 endpoint = machine.make(ObjectType::Endpoint), bell = machine.make(ObjectType::Notification);
    Program caller(machine), server(machine);
    const u32 first = machine.make(ObjectType::SchedContext), reply = machine.free_slot(), last = machine.make(ObjectType::SchedContext);
    REQUIRE(last == first + 2);
    server.receive(server.grant(endpoint));
    bool faults = false;
    SUBCASE("a caller") { caller.call(caller.grant(endpoint)); }
    SUBCASE("the handler of a fault that is delivered again") {
        faults = true;
        machine.expect(caller.thread, Invocation::ThreadHandlers, endpoint, endpoint);
        caller.page_fault();
    }
    machine.expect(server.thread, Invocation::ThreadSetReply, reply);
    machine.expect(server.thread, Invocation::ThreadSuspend);
    Program other(machine);
    other.receive(other.grant(faults ? endpoint : machine.make(ObjectType::Endpoint)));
    // All three are dead, but the first one only is reaped when the manager does something else.
    machine.preempt([&] { return machine.slot(last).empty(); }, {});
    machine.system_call(machine.manager(), SystemCall::Call, kTable, Tag(static_cast<u32>(Invocation::CapDelete), 2), {first, 3});
    REQUIRE(machine.slot(last).empty());
    REQUIRE(caller.state() == ThreadState::AwaitingReply);
    machine.system_call(machine.manager(), SystemCall::Recv, bell);
    CHECK(machine.core().kernel.dying != nullptr);
    CHECK(machine.core().current == &(faults ? other : caller).object());
    CHECK(caller.state() == (faults ? ThreadState::AwaitingReply : ThreadState::Ready));
    if (!faults) CHECK(caller.error() == Error::PeerDied);
}
