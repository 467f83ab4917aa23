// Handlers that wait: whose session they see, whose changes their answers commit or undo, and what ends them.
#include "bank.h"

using namespace eft;
using namespace eft::test;
using RoomClient = sessions::RoomClient<>;

namespace {

struct RoomState {
    u64 holder = 0;
    u64 turn = 0;
};

// As it would be written by whoever thinks of nothing: the one who leaves wakes the next one in the middle of its own changes.
struct Room : StatefulServer<sessions::Room, RoomState, 4> {
    template <class... Arguments>
    explicit Room(Arguments&&... arguments) : StatefulServer(std::forward<Arguments>(arguments)...) {
        running = this;
    }
    static inline Room* running = nullptr;

    Task<Result<sessions::Turn>> enter(ipc::Context&, Session& session, Empty) {
        const u64 me = raw(session.badge());
        while (shared().holder != me) {
            if (shared().holder == 0) {
                EFT_CO_TRY(RoomState * state, edit_shared());
                state->holder = me;
                ++state->turn;
                break;
            }
            Waiter waiter(waiting_);
            const Status woken = co_await waiter.woken;
            if (!woken.ok()) {
                EFT_CO_TRY(RoomState * state, edit_shared());
                state->turn += 1000;  // is taken back
                co_return woken.error();
            }
        }
        co_return sessions::Turn{shared().turn, session->value};
    }
    Status leave(ipc::Context&, Session& session, const sessions::Secret& how) {
        if (shared().holder != raw(session.badge())) return Error::PermissionDenied;
        EFT_TRY(RoomState * state, edit_shared());
        state->holder = 0;
        waiting_.wake_one(how.value % 2 == 0 ? Status() : Status(Error::Cancelled));
        EFT_TRY(sessions::Secret * mine, session.edit());
        mine->value = how.value;
        return {};
    }
    Status remember(ipc::Context&, Session& session, const sessions::Secret& secret) {
        EFT_TRY(sessions::Secret * mine, session.edit());
        mine->value = secret.value;
        return {};
    }
    void closed(Session& session) { last_closed = raw(session.badge()); }

    u64 last_closed = 0;

private:
    WaitList waiting_;
};

struct RoomScene {
    Stage& stage;
    Program& room = stage.serve<Room>("room", 1);
    RoomClient client(u64 badge) { return RoomClient{stage.connect(room, Badge{badge})}; }

    // A program that enters, and what it was told.
    struct Guest {
        Program* program = nullptr;
        u64 turn = 0, seen = 0;
        unsigned answers = 0;
        Error error = Error::None;
    };
    void enter(Guest& guest, u64 badge) {
        guest.program = &stage.add("guest", [&guest]() -> int {
            RoomClient entered{CapHandle(*granted("room"))};
            const auto turn = entered.enter();
            ++guest.answers;
            guest.error = turn.error();
            if (turn.ok()) guest.turn = turn->number, guest.seen = turn->seen;
            return 0;
        });
        stage.connect(*guest.program, "room", room, Badge{badge});
        stage.run();
    }
};

}  // namespace

STAGE_CASE(RoomScene, "an answer to one who waited commits its own changes only, and an error takes back no other's") {
    RoomClient anna = client(7);
    REQUIRE(anna.enter().ok());
    Guest bert, carl;
    enter(bert, 8);
    enter(carl, 9);
    CHECK(bert.answers + carl.answers == 0);
    CHECK(anna.leave({3}).ok());  // bert is refused
    stage.run();
    CHECK(bert.error == Error::Cancelled);
    CHECK((*Room::running->session(Badge{7}))->value == 3);
    CHECK(Room::running->shared().holder == 0);
    CHECK(Room::running->shared().turn == 1);
    REQUIRE(anna.enter().ok());
    CHECK(anna.leave({4}).ok());
    stage.run();
    CHECK(carl.answers == 1);
    CHECK(carl.turn == 3);
    CHECK(Room::running->shared().holder == 9);
}

TEST_CASE("a death anywhere: who leaves has left once, and who waits is answered once") {
    const Deaths deaths = die_everywhere([](Stage& stage, Death death) {
        RoomScene scene{stage};
        RoomClient anna = scene.client(7);
        REQUIRE(anna.enter().ok());
        RoomScene::Guest bert, carl;
        scene.enter(bert, 8);
        scene.enter(carl, 9);
        scene.room.die(death);
        CHECK(anna.leave({2}).ok());
        stage.run();
        const RoomScene::Guest& first = bert.answers != 0 ? bert : carl;
        CHECK(bert.answers + carl.answers == 1);
        CHECK(first.error == Error::None);
        CHECK(first.turn == 2);
        CHECK(anna.leave({2}).error() == Error::PermissionDenied);
        const bool died = scene.room.deaths == 1;
        if (!died) stage.kill(scene.room);
        CHECK((*Room::running->session(Badge{7}))->value == 2);
        CHECK(Room::running->shared().holder == (&first == &bert ? 8 : 9));
        return died;
    });
    CHECK(deaths.system_calls > 2);
    CHECK(deaths.stores > 10);
}

STAGE_CASE(RoomScene, "a client that ends takes along what it waits for, and nobody else gets its session") {
    ScriptedNames names(stage, room);
    RoomClient anna = client(7), carl = client(9);
    REQUIRE(anna.enter().ok());
    Guest bert;
    enter(bert, 8);
    REQUIRE(Room::running->session(Badge{8}) != nullptr);
    const u32 place = Room::running->session(Badge{8})->place();
    names.close({8});
    CHECK(Room::running->session(Badge{8}) == nullptr);
    CHECK(Room::running->last_closed == 8);
    CHECK(bert.error == Error::Cancelled);  // this client lives, to see it
    REQUIRE(carl.remember({4711}).ok());
    CHECK(Room::running->session(Badge{9})->place() == place);
    CHECK(anna.leave({2}).ok());
    stage.run();
    CHECK(bert.answers == 1);
    CHECK(bert.seen == 0);
    CHECK(Room::running->shared().holder == 0);
    CHECK(carl.enter()->seen == 4711);
}

STAGE_CASE(RoomScene, "clients may end while they wait more often than there are replies") {
    ScriptedNames names(stage, room);
    RoomClient anna = client(7);
    REQUIRE(anna.enter().ok());
    u64 cancelled = 0;
    Program& guest = stage.add("guest", [&cancelled]() -> int {
        RoomClient entered{CapHandle(*granted("room"))};
        while (entered.enter().error() == Error::Cancelled) ++cancelled;
        return 0;
    });
    stage.connect(guest, "room", room, Badge{8});
    stage.run();
    const u32 used = stage.used_slots(room);
    constexpr u64 kRounds = 30;
    for (u64 round = 1; round <= kRounds; ++round) {
        stage.kill(guest);  // nobody waits for its answer any more, and its next incarnation waits for another
        stage.run();
        CHECK(Room::running->session(Badge{8})->requests_in_progress() == 2);
        names.close({8});
        CHECK(cancelled == round);
    }
    CHECK(stage.used_slots(room) == used);
    CHECK(!guest.ended);
    CHECK(anna.leave({2}).ok());
    stage.run();
    CHECK(guest.ended);
    CHECK(guest.status == 0);
    CHECK(Room::running->shared().holder == 8);
}

STAGE_CASE(BankScene, "requests of a session that wait are counted until they are answered") {
    BankClient one = client(11);
    REQUIRE(one.deposit({0}).ok());
    Program* waiting[2];
    for (u64 gate : {0, 1}) {
        waiting[gate] = &stage.add("waiting", [gate] { return BankClient{CapHandle(*granted("bank"))}.later({gate}).ok() ? 0 : 1; });
        stage.connect(*waiting[gate], "bank", bank, Badge{11});
    }
    stage.run();
    CHECK(Bank::running->session(Badge{11})->requests_in_progress() == 2);
    CHECK(one.later({0}).error() == Error::Busy);
    stage.signal(bank, 2);
    stage.run();
    CHECK(waiting[1]->ended);
    CHECK(Bank::running->session(Badge{11})->requests_in_progress() == 1);
    stage.signal(bank, 1);
    stage.run();
    CHECK(waiting[0]->ended);
    CHECK(waiting[0]->status + waiting[1]->status == 0);
    CHECK(Bank::running->session(Badge{11})->requests_in_progress() == 0);
}
