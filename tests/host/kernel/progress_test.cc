// Long operations come to an end however often they are interrupted: what they have done when they pause, they need not
// do again, whatever others do in between.
#include "scene.h"

#include <vector>

using namespace eft;
using namespace eft::kernel::test;

namespace {

constexpr unsigned kTooMany = 100;  // pauses

// An interrupt is always pending. The manager deletes what is in the slot; `between` acts at each pause, in which none
// is.
template <class Between>
unsigned remove_with_pauses(Machine& machine, u32 slot, Between between, Error expected = Error::None) {
    unsigned pauses = 0;
    bool inside = false;
    machine.preempt([&] { return !inside && pauses < kTooMany; },
                    [&] {
                        inside = true;
                        ++pauses;
                        const auto registers = machine.manager().registers;
                        between();
                        machine.manager().registers = registers;
                        inside = false;
                    });
    CHECK(machine.remove(slot) == expected);
    machine.preempt({}, {});
    return pauses;
}

std::vector<std::unique_ptr<Program>> programs(Machine& machine, unsigned count) {
    std::vector<std::unique_ptr<Program>> made;
    for (unsigned i = 0; i < count; ++i) made.push_back(std::make_unique<Program>(machine));
    return made;
}

enum class Side { Call, Receive, Notification };

void wait(Program& program, Side side, u32 slot) { side == Side::Call ? program.call(slot) : program.receive(slot); }

u32 make_object(Machine& machine, Side side) {
    return machine.make(side == Side::Notification ? ObjectType::Notification : ObjectType::Endpoint);
}

constexpr Side kSides[] = {Side::Call, Side::Receive, Side::Notification};

}  // namespace

TEST_CASE("a deletion looks at everybody in a queue once, however often it pauses") {
    for (const Side side : kSides) {
        CAPTURE(static_cast<int>(side));
        Machine machine;
        const u32 object = make_object(machine, side), going = machine.derive(object);
        auto bystanders = programs(machine, 6);
        Program last(machine);
        for (auto& program : bystanders) wait(*program, side, program->grant(object));
        share_table(machine, last);
        wait(last, side, going);
        CHECK(remove_with_pauses(machine, going, [] {}) < 10);
        CHECK(last.error() == Error::InvalidCapability);
        for (auto& program : bystanders) {
            CHECK(program->state() != ThreadState::Ready);
            CHECK((program->object().attention & kernel::Thread::AtHand) == 0);  // the fast path may take it
        }
    }
}

TEST_CASE("a deletion that is over leaves no thread at hand, for which the fast path would give up") {
    for (const Side side : kSides) {
        CAPTURE(static_cast<int>(side));
        Machine machine;
        const u32 object = make_object(machine, side), going = machine.derive(object);
        auto waiting = programs(machine, 3);
        for (unsigned i = 0; i < 3; ++i) {
            share_table(machine, *waiting[i]);
            wait(*waiting[i], side, i == 2 ? going : object);
        }
        // It pauses before the second one, and then no more.
        unsigned asked = 0;
        bool at_hand = false;
        machine.preempt([&] { return ++asked == 1; }, [&] { at_hand = waiting[1]->object().attention & kernel::Thread::AtHand; });
        CHECK(machine.remove(going) == Error::None);
        CHECK(at_hand);
        CHECK((waiting[1]->object().attention & kernel::Thread::AtHand) == 0);
        CHECK(waiting[2]->error() == Error::InvalidCapability);
    }
}

TEST_CASE("a deletion looks at nobody when those who received through the capability do not any more") {
    Machine machine;
    const u32 object = machine.make(ObjectType::Endpoint), going = machine.derive(object);
    Program receiver(machine);
    share_table(machine, receiver);
    receiver.receive(going);
    machine.expect(receiver.thread, Invocation::ThreadCancel);
    auto callers = programs(machine, 6);
    for (auto& program : callers) program->call(program->grant(object));
    CHECK(remove_with_pauses(machine, going, [] {}) == 0);
}

TEST_CASE("a deletion is over with the last who waits to send through the capability, however many stand behind") {
    Machine machine;
    const u32 object = machine.make(ObjectType::Endpoint), going = machine.derive(object);
    Program first(machine);
    share_table(machine, first);
    first.call(going);
    auto callers = programs(machine, 6);
    for (auto& program : callers) program->call(program->grant(object));
    CHECK(remove_with_pauses(machine, going, [] {}) < 3);
    CHECK(first.error() == Error::InvalidCapability);
}

TEST_CASE("a deletion does not look at those who come to the queue meanwhile") {
    for (const Side side : kSides) {
        CAPTURE(static_cast<int>(side));
        Machine machine;
        const u32 object = make_object(machine, side), going = machine.derive(object);
        Program first(machine), restless(machine), idle(machine);
        const u32 own = restless.grant(object);
        share_table(machine, first);
        wait(first, side, going);
        wait(restless, side, own);
        const unsigned pauses = remove_with_pauses(machine, going, [&] {
            machine.expect(restless.thread, Invocation::ThreadCancel);
            wait(restless, side, own);  // behind everybody again
        });
        CHECK(pauses < 10);
        CHECK(first.error() == Error::InvalidCapability);
    }
}

// Without the bystanders the first one only ever comes to the other's thread, and the other way round.
void delete_two(Side side, unsigned bystanders_before) {
    Machine machine;
    const u32 object = make_object(machine, side), going[] = {machine.derive(object), machine.derive(object)};
    auto bystanders = programs(machine, bystanders_before);
    auto waiting = programs(machine, 2);
    auto killers = programs(machine, 2);
    for (auto& program : bystanders) wait(*program, side, program->grant(object));
    for (auto& program : waiting) share_table(machine, *program);
    for (auto& program : killers) share_table(machine, *program);
    wait(*waiting[1], side, going[1]);
    wait(*waiting[0], side, going[0]);
    unsigned asked = 0;
    machine.preempt([&] { return ++asked < kTooMany; }, {});
    for (unsigned i = 0; i < 2; ++i)
        killers[i]->call(kTable, Tag(static_cast<u32>(Invocation::CapDelete), 1), {going[i]});
    while (killers[0]->object().registers.repeats || killers[1]->object().registers.repeats) {
        for (auto& killer : killers) {
            if (killer->object().registers.repeats) machine.repeat(killer->object());
        }
    }
    CHECK(asked < 30);
    for (unsigned i = 0; i < 2; ++i) {
        CHECK(waiting[i]->error() == Error::InvalidCapability);
        CHECK(killers[i]->error() == Error::None);
        CHECK(machine.slot(going[i]).empty());
    }
}

TEST_CASE("two deletions at a time get on, and none misses whom the other one has passed by") {
    for (const Side side : kSides) {
        for (const unsigned bystanders : {0u, 1u, 4u}) {
            CAPTURE(static_cast<int>(side));
            CAPTURE(bystanders);
            delete_two(side, bystanders);
        }
    }
}

TEST_CASE("a deletion that others finished leaves nothing behind for the next one in its slot") {
    for (const Side side : kSides) {
        CAPTURE(static_cast<int>(side));
        Machine machine;
        const u32 object = make_object(machine, side), going = machine.derive(object);
        auto waiting = programs(machine, 2);
        for (auto& program : waiting) {
            share_table(machine, *program);
            wait(*program, side, going);
        }
        // The second one's wait ends in another way while the deletion is about to come to it.
        remove_with_pauses(machine, going, [&] {
            if (waiting[0]->state() == ThreadState::Ready) machine.invoke(waiting[1]->thread, Invocation::ThreadCancel);
        });
        CHECK(waiting[1]->error() == Error::Cancelled);
        machine.expect(kTable, Invocation::CapDerive, going, object, kAllRights);
        for (auto& program : waiting) wait(*program, side, going);
        CHECK(machine.remove(going) == Error::None);
        for (auto& program : waiting) CHECK(program->error() == Error::InvalidCapability);
    }
}

TEST_CASE("whoever a deletion is about to come to may leave the queue in any way") {
    for (const Side side : kSides) {
        for (const bool dies : {false, true}) {
            CAPTURE(static_cast<int>(side));
            CAPTURE(dies);
            Machine machine;
            const u32 object = make_object(machine, side), going = machine.derive(object);
            auto waiting = programs(machine, 4);
            for (unsigned i = 0; i < 4; ++i) {
                share_table(machine, *waiting[i]);
                // The first and the last wait through what goes.
                wait(*waiting[i], side, i % 3 == 0 ? going : object);
            }
            const unsigned pauses = remove_with_pauses(machine, going, [&] {
                if (waiting[0]->state() != ThreadState::Ready ||
                    machine.slot(waiting[1]->untyped).first_child() == nullptr)
                    return;
                if (dies) {
                    CHECK(machine.revoke(waiting[1]->untyped) == Error::None);
                } else if (waiting[1]->state() != ThreadState::Ready) {
                    machine.expect(waiting[1]->thread, Invocation::ThreadCancel);
                }
            });
            CHECK(pauses < 10);
            CHECK(waiting[3]->error() == Error::InvalidCapability);
            CHECK(waiting[2]->state() != ThreadState::Ready);
        }
    }
}

TEST_CASE("a receiver that a deletion is about to come to may take a message, and wait again") {
    Machine machine;
    const u32 object = machine.make(ObjectType::Endpoint), going = machine.derive(object);
    Program first(machine), second(machine), third(machine), caller(machine);
    for (Program* program : {&first, &second, &third}) share_table(machine, *program);
    first.receive(object);
    second.receive(object);
    third.receive(going);
    const u32 to = caller.grant(object);
    unsigned calls = 0;
    const unsigned pauses = remove_with_pauses(machine, going, [&] {
        if (calls == 2) return;
        Program& server = calls++ == 0 ? first : second;
        caller.call(to);
        CHECK(server.state() == ThreadState::Ready);
        server.reply_receive(object);
        CHECK(caller.error() == Error::None);
        CHECK(server.state() == ThreadState::Receiving);
    });
    CHECK(pauses < 10);
    CHECK(third.error() == Error::InvalidCapability);
    CHECK(first.state() == ThreadState::Receiving);
    CHECK(second.state() == ThreadState::Receiving);
}

TEST_CASE("a receiver that a deletion is about to come to may take a message, and work on it") {
    Machine machine;
    const u32 object = machine.make(ObjectType::Endpoint), going = machine.derive(object);
    Program first(machine), second(machine), third(machine), sender(machine);
    for (Program* program : {&first, &second, &third}) share_table(machine, *program);
    first.receive(object);
    second.receive(object);
    third.receive(going);
    const u32 to = sender.grant(object);
    const unsigned pauses = remove_with_pauses(machine, going, [&] {
        if (second.state() != ThreadState::Receiving) return;
        sender.send(to);
        sender.send(to);
        CHECK((second.object().attention & kernel::Thread::AtHand) == 0);
        CHECK((third.object().attention & kernel::Thread::AtHand) != 0);
    });
    CHECK(pauses < 10);
    CHECK(third.error() == Error::InvalidCapability);
    for (Program* program : {&first, &second}) CHECK(program->error() == Error::None);
}

TEST_CASE("a receiver that a deletion is about to come to may take a fault") {
    Machine machine;
    const u32 object = machine.make(ObjectType::Endpoint), going = machine.derive(object);
    Program pager(machine), last(machine), victim(machine);
    for (Program* program : {&pager, &last}) share_table(machine, *program);
    Program first(machine);
    share_table(machine, first);
    first.receive(going);
    pager.receive(object);
    last.receive(going);
    machine.expect(victim.thread, Invocation::ThreadHandlers, object, 0);
    remove_with_pauses(machine, going, [&] {
        if (victim.state() == ThreadState::Ready) victim.page_fault();
    });
    CHECK(pager.state() == ThreadState::Ready);
    CHECK(victim.state() == ThreadState::AwaitingReply);
    CHECK(last.error() == Error::InvalidCapability);
}

TEST_CASE("a deletion of slots that goes through one of them ends well, wherever it pauses") {
    for (unsigned round = 0; round < 10; ++round) {
        const unsigned at = round % 5;
        const bool paused = round < 5;
        CAPTURE(at);
        CAPTURE(paused);
        Machine machine;
        const u32 endpoint = machine.make(ObjectType::Endpoint);
        const u32 first = machine.free_slot();
        for (u32 i = 1; i < 5; ++i) machine.free_slot();
        for (u32 i = 0; i < 5; ++i)
            machine.expect(kTable, Invocation::CapDerive, first + i, i == at ? kTable : endpoint, kAllRights);
        unsigned pauses = 0;
        machine.preempt([&] { return paused; }, [&] { ++pauses; });
        machine.system_call(machine.manager(), SystemCall::Call, first + at,
                            Tag(static_cast<u32>(Invocation::CapDelete), 2), {first, 5});
        CHECK(machine.answer(machine.manager()).error == Error::None);
        CHECK((pauses >= 3) == paused);
        for (u32 i = 0; i < 5; ++i) CHECK(machine.slot(first + i).empty());
    }
}

TEST_CASE("a deletion of slots through which threads wait goes on in the slot where it paused") {
    Machine machine;
    const u32 object = machine.make(ObjectType::Endpoint);
    const u32 first = machine.derive(object), second = machine.derive(object), kept = machine.derive(object);
    REQUIRE(kept == first + 2);
    auto callers = programs(machine, 6);
    for (unsigned i = 0; i < 6; ++i) {
        share_table(machine, *callers[i]);
        callers[i]->call(first + i % 3);
    }
    unsigned pauses = 0;
    machine.preempt([] { return true; }, [&] { ++pauses; });
    CHECK(machine.invoke(kTable, Invocation::CapDelete, first, 2).error == Error::None);
    CHECK(pauses >= 4);
    for (unsigned i = 0; i < 6; ++i) CHECK((callers[i]->state() == ThreadState::Ready) == (i % 3 != 2));
    CHECK(machine.slot(first).empty());
    CHECK(machine.slot(second).empty());
    CHECK(!machine.slot(kept).empty());
}

TEST_CASE("a thread does nothing from the moment that its last capability is gone, however long its destruction takes") {
    for (const bool waits : {false, true}) {
        CAPTURE(waits);
        Machine machine;
        const u32 endpoint = machine.make(ObjectType::Endpoint), table = machine.make(ObjectType::CapTable, 5),
                  thread = machine.free_slot();
        REQUIRE(thread == table + 1);
        for (u32 i = 1; i < 32; ++i) machine.expect(table, Invocation::CapDerive, i, endpoint, kAllRights);
        Program victim(machine), killer(machine);
        share_table(machine, killer);
        machine.expect(kTable, Invocation::CapMove, thread, victim.thread);
        if (waits) victim.receive(victim.grant(endpoint));
        kernel::Thread& object = victim.object();
        machine.preempt([] { return true; }, {});
        killer.call(kTable, Tag(static_cast<u32>(Invocation::CapDelete), 2), {table, 2});
        unsigned seen = 0;
        for (; killer.object().registers.repeats; machine.repeat(killer.object())) {
            for (const kernel::Object* dying = machine.core().kernel.dying; dying; dying = dying->next_dying) {
                if (dying != &object) continue;
                ++seen;
                CHECK(object.state == ThreadState::Suspended);
            }
        }
        CHECK(seen > 10);
    }
}

TEST_CASE("a revoke that paused has reaped what died when it returns, whoever else ran in between") {
    Machine machine;
    Program killer(machine), other(machine);
    share_table(machine, killer);
    share_table(machine, other);
    const u32 pool = machine.make(ObjectType::Untyped, 15);
    machine.make(ObjectType::CapTable, 7, pool);
    machine.make(ObjectType::Endpoint, 0, pool, 3);
    machine.preempt([] { return true; }, {});
    killer.call(kTable, Tag(static_cast<u32>(Invocation::CapRevoke), 1), {pool});
    REQUIRE(killer.object().registers.repeats);
    other.call(kTable, Tag(static_cast<u32>(Invocation::CapInspect), 1), {kTable});
    while (killer.object().registers.repeats) machine.repeat(killer.object());
    CHECK(killer.error() == Error::None);
    CHECK(machine.core().kernel.dying == nullptr);
}
