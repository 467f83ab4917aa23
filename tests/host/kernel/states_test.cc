// What can happen to a thread or to what it needs, in every state that a thread can be in.
#include "program.h"

#include <doctest/doctest.h>

#include <optional>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

enum class Situation {
    Suspended,
    Ready,
    Calling,
    Sending,
    Receiving,
    AwaitingReply,
    Waiting,
    FaultQueued,
    FaultInHandler,
    ExceptionQueued,
    ExceptionInHandler,
    FaultUnhandled,
    Count
};

enum class Event {
    DeleteThread,
    RevokeUntyped,
    RevokeTable,
    DeleteTable,
    RevokeSpace,
    DeleteSpace,
    RevokeUtcb,
    DeleteEndpoint,
    DeletePager,
    DeleteHandler,
    DeleteNotification,
    DeleteCapability,
    PeerDies,
    Suspend,
    Cancel,
    Count
};

// The subject in a situation, with a peer that may hold its call or its fault.
class Scene {
public:
    explicit Scene(Situation situation)
        : subject(machine),
          peer(machine),
          endpoint(machine.make(ObjectType::Endpoint)),
          pager(machine.make(ObjectType::Endpoint)),
          handler(machine.make(ObjectType::Endpoint)),
          notification(machine.make(ObjectType::Notification)),
          way(subject.grant(endpoint)),
          wait(subject.grant(notification)) {
        machine.expect(subject.thread, Invocation::ThreadHandlers, pager, handler);
        enter(situation);
    }

    void happen(Event event) {
        switch (event) {
            case Event::DeleteThread: remove_all(subject.thread); return;
            case Event::RevokeUntyped: CHECK(machine.revoke(subject.untyped) == Error::None); return;
            case Event::RevokeTable: CHECK(machine.revoke(subject.table) == Error::None); return;
            case Event::DeleteTable: remove_all(subject.table); return;
            case Event::RevokeSpace: CHECK(machine.revoke(subject.space) == Error::None); return;
            case Event::DeleteSpace: remove_all(subject.space); return;
            case Event::RevokeUtcb: CHECK(machine.revoke(subject.frame) == Error::None); return;
            case Event::DeleteEndpoint: remove_all(endpoint); return;
            case Event::DeletePager: remove_all(pager); return;
            case Event::DeleteHandler: remove_all(handler); return;
            case Event::DeleteNotification: remove_all(notification); return;
            case Event::DeleteCapability: machine.expect(subject.table, Invocation::CapDelete, way); return;
            case Event::PeerDies: CHECK(machine.revoke(peer.untyped) == Error::None); return;
            case Event::Suspend: machine.expect(subject.thread, Invocation::ThreadSuspend); return;
            case Event::Cancel: cancel_error = machine.invoke(subject.thread, Invocation::ThreadCancel).error; return;
            case Event::Count: return;
        }
    }

    Machine machine;
    Program subject, peer;
    u32 endpoint, pager, handler, notification;
    u32 way, wait;
    Error cancel_error = Error::None;

private:
    void remove_all(u32 slot) {
        CHECK(machine.revoke(slot) == Error::None);
        CHECK(machine.remove(slot) == Error::None);
    }

    void enter(Situation situation) {
        switch (situation) {
            case Situation::Suspended: machine.expect(subject.thread, Invocation::ThreadSuspend); return;
            case Situation::Ready: return;
            case Situation::Calling: subject.call(way); return;
            case Situation::Sending: subject.send(way); return;
            case Situation::Receiving: subject.receive(way); return;
            case Situation::Waiting: subject.receive(wait); return;
            case Situation::AwaitingReply:
                peer.receive(peer.grant(endpoint));
                subject.call(way);
                return;
            case Situation::FaultQueued: subject.page_fault(); return;
            case Situation::FaultInHandler:
                peer.receive(peer.grant(pager));
                subject.page_fault();
                return;
            case Situation::ExceptionQueued: subject.exception(); return;
            case Situation::ExceptionInHandler:
                peer.receive(peer.grant(handler));
                subject.exception();
                return;
            case Situation::FaultUnhandled:
                machine.expect(subject.thread, Invocation::ThreadHandlers, 0, 0);
                subject.page_fault();
                return;
            case Situation::Count: return;
        }
    }
};

ThreadState state_in(Situation situation) {
    switch (situation) {
        case Situation::Ready: return ThreadState::Ready;
        case Situation::Calling:
        case Situation::Sending:
        case Situation::FaultQueued:
        case Situation::ExceptionQueued: return ThreadState::Sending;
        case Situation::Receiving: return ThreadState::Receiving;
        case Situation::AwaitingReply:
        case Situation::FaultInHandler:
        case Situation::ExceptionInHandler: return ThreadState::AwaitingReply;
        case Situation::Waiting: return ThreadState::Waiting;
        default: return ThreadState::Suspended;
    }
}

bool at_endpoint(Situation situation) {
    return situation == Situation::Calling || situation == Situation::Sending || situation == Situation::Receiving;
}
bool waits(Situation situation) {
    return at_endpoint(situation) || situation == Situation::AwaitingReply || situation == Situation::Waiting;
}
bool ends_thread(Event event) { return event == Event::DeleteThread || event == Event::RevokeUntyped; }

struct Outcome {
    ThreadState state;
    std::optional<Error> error;  // what its system call gives, if it ends
};

Outcome expected(Situation situation, Event event) {
    const Outcome unchanged{state_in(situation), {}};
    const Outcome cut{ThreadState::Ready, Error::InvalidCapability};
    switch (event) {
        case Event::RevokeSpace:
        case Event::DeleteSpace:
        case Event::Suspend:
            return {ThreadState::Suspended, waits(situation) ? std::optional(Error::Cancelled) : std::nullopt};
        case Event::Cancel: return waits(situation) ? Outcome{ThreadState::Ready, Error::Cancelled} : unchanged;
        case Event::DeleteTable: return at_endpoint(situation) || situation == Situation::Waiting ? cut : unchanged;
        case Event::DeleteEndpoint:
        case Event::DeleteCapability: return at_endpoint(situation) ? cut : unchanged;
        case Event::DeleteNotification: return situation == Situation::Waiting ? cut : unchanged;
        case Event::DeletePager:  // the exception handler is asked: it waits there
            return unchanged;
        case Event::DeleteHandler:
            return situation == Situation::ExceptionQueued ? Outcome{ThreadState::Suspended, {}} : unchanged;
        case Event::PeerDies:
            if (situation == Situation::AwaitingReply) return {ThreadState::Ready, Error::PeerDied};
            if (situation == Situation::FaultInHandler || situation == Situation::ExceptionInHandler) {
                return {ThreadState::Sending, {}};  // the fault is delivered again
            }
            return unchanged;
        default: return unchanged;
    }
}

}  // namespace

TEST_CASE("in every state of a thread, everything that it needs can go") {
    for (int s = 0; s < static_cast<int>(Situation::Count); ++s) {
        for (int e = 0; e < static_cast<int>(Event::Count); ++e) {
            CAPTURE(s);
            CAPTURE(e);
            const auto situation = static_cast<Situation>(s);
            const auto event = static_cast<Event>(e);
            Scene scene(situation);
            REQUIRE(scene.subject.state() == state_in(situation));
            scene.happen(event);
            if (!ends_thread(event)) {
                const Outcome outcome = expected(situation, event);
                CHECK(scene.subject.state() == outcome.state);
                if (outcome.error) CHECK(scene.subject.error() == *outcome.error);
            }
            if (event == Event::Cancel) {
                CHECK(scene.cancel_error == (waits(situation) ? Error::None : Error::InvalidOperation));
            }
        }
    }
}

TEST_CASE("after any two events in any state, nothing is left of the program") {
    for (int s = 0; s < static_cast<int>(Situation::Count); ++s) {
        for (int first = 0; first < static_cast<int>(Event::Count); ++first) {
            CAPTURE(s);
            CAPTURE(first);
            Scene scene(static_cast<Situation>(s));
            scene.happen(static_cast<Event>(first));
            for (u32 untyped : {scene.subject.untyped, scene.peer.untyped}) {
                CHECK(scene.machine.revoke(untyped) == Error::None);
                CHECK(scene.machine.expect(untyped, Invocation::UntypedInspect).word[2] == 0);
            }
            for (u32 slot : {scene.endpoint, scene.pager, scene.handler, scene.notification}) {
                CHECK(scene.machine.remove(slot) == Error::None);
            }
            CHECK(scene.machine.live_objects() == 4);  // the manager's table, thread and space
        }
    }
}

TEST_CASE("a suspended thread goes on where it was, with its wait ended") {
    Scene scene(Situation::Receiving);
    scene.happen(Event::Suspend);
    scene.machine.expect(scene.subject.thread, Invocation::ThreadResume);
    CHECK(scene.subject.error() == Error::Cancelled);
    scene.subject.receive(scene.way, kPoll);
    CHECK(scene.subject.error() == Error::WouldBlock);
}

TEST_CASE("a thread without address space cannot be resumed until it is configured again") {
    Scene scene(Situation::Ready);
    scene.happen(Event::RevokeSpace);
    CHECK(scene.machine.invoke(scene.subject.thread, Invocation::ThreadResume).error == Error::InvalidOperation);
    scene.machine.expect(scene.subject.thread, Invocation::ThreadConfigure, scene.subject.table, scene.subject.space,
                         scene.subject.frame, kUtcbAddress);
    scene.machine.expect(scene.subject.thread, Invocation::ThreadResume);
    scene.subject.receive(scene.way, kPoll);
    CHECK(scene.subject.error() == Error::WouldBlock);
}

TEST_CASE("a running thread may end itself in any way, and others go on") {
    for (Event event : {Event::DeleteThread, Event::RevokeUntyped, Event::DeleteTable, Event::DeleteSpace}) {
        CAPTURE(static_cast<int>(event));
        Machine machine;
        Program subject(machine);
        const u32 own = event == Event::DeleteThread  ? subject.thread
                        : event == Event::DeleteTable ? subject.table
                        : event == Event::DeleteSpace ? subject.space
                                                      : subject.untyped;
        const u32 table = subject.grant(kTable);
        const auto one_word = [](Invocation operation) { return Tag(static_cast<u32>(operation), 1); };
        subject.call(table, one_word(Invocation::CapRevoke), {own});
        if (event == Event::DeleteThread) subject.call(table, one_word(Invocation::CapDelete), {own});
        if (event == Event::DeleteTable) {
            CHECK(subject.error() == Error::None);
            subject.call(table, one_word(Invocation::CapDelete), {own});
            CHECK(subject.error() == Error::InvalidCapability);
        }
        if (event == Event::DeleteSpace) CHECK(subject.state() == ThreadState::Suspended);
        CHECK(machine.expect(kTable, Invocation::CapUsed).word[0] == 1u << kTableBits);
        CHECK(machine.revoke(subject.untyped) == Error::None);
        CHECK(machine.live_objects() == 4);
    }
}

TEST_CASE("a thread may suspend itself, and be resumed with the answer") {
    Machine machine;
    Program subject(machine);
    const u32 thread = subject.grant(subject.thread);
    subject.call(thread, Tag(static_cast<u32>(Invocation::ThreadSuspend), 0));
    CHECK(subject.state() == ThreadState::Suspended);
    machine.expect(subject.thread, Invocation::ThreadResume);
    CHECK(subject.error() == Error::None);
}

TEST_CASE("a server that dies with a call in its Reply and one queued fails only the first") {
    Machine machine;
    Program first(machine), second(machine), server(machine);
    const u32 endpoint = machine.make(ObjectType::Endpoint);
    const u32 to_first = first.grant(endpoint), to_second = second.grant(endpoint);
    server.receive(server.grant(endpoint));
    first.call(to_first);
    second.call(to_second);
    CHECK(machine.revoke(server.untyped) == Error::None);
    CHECK(first.error() == Error::PeerDied);
    CHECK(second.state() == ThreadState::Sending);
    Program next(machine);
    next.receive(next.grant(endpoint));
    CHECK(second.state() == ThreadState::AwaitingReply);
}
