// What clients attach to their sessions without a ring: mapped memory and kept capabilities, over deaths at every step.
#include <eft/idl/sessions.h>
#include <eft/wake.h>
#include <memory_server.h>
#include <scripted_names.h>
#include <stage_case.h>

using namespace eft;
using namespace eft::test;

namespace {

struct Board : StatefulServer<sessions::Board, NoSharedState, 4> {
    using StatefulServer::StatefulServer;
    static inline unsigned closed_sessions = 0;  // by whichever incarnation

    Result<sessions::Letter> look(ipc::Context&, Session& session, const sessions::Place& place) {
        if (place.index >= 2 || !session.attached(place.index)) return Error::WrongState;
        EFT_TRY(sessions::Account * account, session.edit());
        ++account->calls;
        sessions::Letter letter;
        const std::span<std::byte> area = session.area(place.index);
        if (place.offset > area.size() - sizeof letter.value) return Error::OutOfRange;
        std::memcpy(&letter.value, area.data() + place.offset, sizeof letter.value);
        static_cast<void>(sys::signal(session.kept(Service::Attachment::kLog, place.index)));
        session.signal(place.index);
        return letter;
    }
    void closed(Session&) { ++closed_sessions; }
};

// What a client attaches. The bits say for which index its notifications were signalled.
struct Client {
    static u64 wake_bit(u32 index) { return u64{1} << index; }
    static u64 log_bit(u32 index) { return u64{16} << index; }
    sessions::BoardClient<> calls;
    SharedMemory areas[3] = {*SharedMemory::create(4096), *SharedMemory::create(8192), *SharedMemory::create(4096)};

    Status pin(u32 index, u64 bytes = 4096) {
        sessions::Note note;
        const CapHandle wake = *make_wake(wake_bit(index)), log = *make_wake(log_bit(index));
        note.wake = wake;
        note.log = ipc::CapField<ipc::kind::Endpoint>(log.slot());
        note.area = ipc::CapField<ipc::kind::Memory>(areas[index].object().slot());
        note.area_bytes = bytes;
        note.index = index;
        return calls.pin(note).error();
    }
    void write(u32 index, u64 value) { std::memcpy(areas[index].bytes().data() + 8, &value, sizeof value); }
    Result<sessions::Letter> look(u32 index) { return calls.look({.offset = 8, .index = index}); }
};

struct Scene {
    Stage& stage;
    MemoryServer memory{stage};
    Program& board = stage.serve<Board>("board", 1);
    ScriptedNames names{stage, board};
    Client client(u64 badge) { return {sessions::BoardClient<>{stage.connect(board, Badge{badge})}}; }
    u64 mapped() { return memory.mapped_pages(board); }
};

// With room for more clients than 64 slots hold: each takes six.
struct Wall : StatefulServer<sessions::Board, NoSharedState, 24> {
    using StatefulServer::StatefulServer;
    Result<sessions::Letter> look(ipc::Context&, Session& session, const sessions::Place& place) {
        if (place.index >= 2 || !session.attached(place.index)) return Error::WrongState;
        sessions::Letter letter;
        std::memcpy(&letter.value, session.area(place.index).data() + place.offset, sizeof letter.value);
        return letter;
    }
};
static_assert(Wall::kSlots > 2 * kUsualPersistentSlots);

struct WallScene {
    Stage& stage;
    MemoryServer memory{stage};
    Program& wall = stage.serve<Wall>("wall", 1);
    ScriptedNames names{stage, wall};
};

}  // namespace

STAGE_CASE(WallScene, "all of more slots than usual are there after a death, and not one more") {
    std::vector<std::unique_ptr<Client>> clients;
    for (u64 badge = 1; badge <= Wall::kSessions; ++badge) {
        clients.emplace_back(new Client{sessions::BoardClient<>{stage.connect(wall, Badge{badge})}});
        Client& client = *clients.back();
        for (const u32 index : {0u, 1u}) {
            client.write(index, 10 * badge + index);
            REQUIRE(client.pin(index).ok());
        }
    }
    CHECK(stage.kept_slots(wall) == Wall::kSlots);
    sessions::BoardClient<> late{stage.connect(wall, Badge{100})};
    CHECK(late.look({}).error() == Error::LimitReached);
    for (unsigned death = 0; death < 2; ++death) {
        stage.kill(wall);
        for (u64 badge = 1; badge <= Wall::kSessions; ++badge)
            for (const u32 index : {0u, 1u}) {
                const auto seen = clients[badge - 1]->look(index);
                REQUIRE(seen.ok());
                CHECK(seen->value == 10 * badge + index);
            }
    }
    CHECK(stage.kept_slots(wall) == Wall::kSlots);
    names.close({1});
    CHECK(stage.kept_slots(wall) == Wall::kSlots - 6);
}

TEST_CASE("what is attached is there after a death at any system call or store") {
    const Deaths deaths = die_everywhere([](Stage& stage, Death death) {
        Scene scene{stage};
        Client anna = scene.client(7), bert = scene.client(8);
        anna.write(0, 70);
        anna.write(1, 71);
        bert.write(1, 81);
        scene.board.die(death);

        REQUIRE(anna.pin(0).ok());
        REQUIRE(anna.pin(1, 8192).ok());
        CHECK(anna.pin(2).error() == Error::OutOfRange);
        CHECK(anna.look(0)->value == 70);
        CHECK(anna.look(1)->value == 71);
        CHECK(poll_wake() == (Client::wake_bit(0) | Client::wake_bit(1) | Client::log_bit(0) | Client::log_bit(1)));
        REQUIRE(bert.pin(1).ok());
        CHECK((poll_wake() & Client::wake_bit(1)) != 0);  // when it is attached
        CHECK(bert.look(0).error() == Error::WrongState);
        CHECK(bert.look(1)->value == 81);
        CHECK((poll_wake() & ~Client::wake_bit(0)) == (Client::wake_bit(1) | Client::log_bit(1)));
        CHECK(scene.mapped() == 4);
        anna.write(0, 170);
        REQUIRE(anna.pin(0).ok());  // in place of what was there
        CHECK(anna.look(0)->value == 170);

        scene.names.close({7});
        scene.names.close_all_but({8});
        CHECK(scene.mapped() == 1);
        CHECK(stage.kept_slots(scene.board) == 3);
        CHECK(bert.look(1)->value == 81);
        CHECK(scene.board.deaths <= 1);
        return scene.board.deaths == 1;
    });
    CHECK(deaths.system_calls > 50);
    CHECK(deaths.stores > 200);
}

STAGE_CASE(Scene, "what cannot be attached leaves nothing behind, not even what was there") {
    Client anna = client(7);
    CHECK(anna.pin(0, 0).error() == Error::InvalidArgument);
    CHECK(anna.pin(0, 100).error() == Error::InvalidArgument);
    CHECK(anna.pin(0, 12288).error() == Error::InvalidArgument);  // above max
    REQUIRE(anna.pin(0).ok());
    CHECK(anna.pin(0, 8192).error() == Error::OutOfRange);
    CHECK(mapped() == 0);
    CHECK(stage.kept_slots(board) == 0);
    CHECK(anna.look(0).error() == Error::WrongState);
}

STAGE_CASE(Scene, "a list of open sessions that cannot be had closes nobody") {
    Board::closed_sessions = 0;
    Client anna = client(7);
    anna.write(0, 5);
    REQUIRE(anna.pin(0).ok());
    names.lose_list();
    CHECK(anna.look(0)->value == 5);
    CHECK(Board::closed_sessions == 0);
    names.close_all_but({});
    CHECK(Board::closed_sessions == 1);
    CHECK(mapped() == 0);
}

STAGE_CASE(Scene, "an attachment that cannot be mapped again ends, and its client can attach anew") {
    Client anna = client(7);
    anna.write(1, 5);
    REQUIRE(anna.pin(1, 8192).ok());
    anna.areas[1] = SharedMemory();  // mapped by the server only, which ends
    stage.kill(board);
    stage.run();
    CHECK(stage.logged(board) == std::vector<std::string>{"a session's attachment cannot be mapped again: session 7"});
    CHECK(anna.look(1).error() == Error::WrongState);
    CHECK(stage.kept_slots(board) == 0);
    CHECK(mapped() == 0);
    REQUIRE(anna.pin(0).ok());
}
