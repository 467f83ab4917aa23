// What clients attach to their sessions without a ring: mapped memory and kept capabilities, over deaths at every step.
#include <eft/idl/sessions.h>
#include <mortal_service.h>

using namespace eft;
using namespace eft::test;

namespace {

struct Board : StatefulServer<sessions::Board, NoSharedState, 4> {
    using StatefulServer::StatefulServer;
    static inline u64 last_log = 0;  // of whichever incarnation
    unsigned closed_sessions = 0;

    Result<sessions::Letter> look(ipc::Context&, Session& session, const sessions::Place& place) {
        if (place.index >= 2 || !session.attached(place.index)) return Error::WrongState;
        EFT_TRY(sessions::Account * account, session.edit());
        ++account->calls;
        sessions::Letter letter;
        const std::span<std::byte> area = session.area(place.index);
        if (place.offset > area.size() - sizeof letter.value) return Error::OutOfRange;
        std::memcpy(&letter.value, area.data() + place.offset, sizeof letter.value);
        last_log = ipc::local_caps().object(session.kept(Service::Attachment::kLog, place.index));
        session.signal(place.index);
        return letter;
    }
    void closed(Session&) { ++closed_sessions; }
};
using BoardService = MortalService<Board>;

struct Client {
    World& world;
    u64 badge;
    sessions::BoardClient<MortalTransport<BoardService>> calls;

    Client(World& everywhere, BoardService& service, u64 own) : world(everywhere), badge(own), calls(MortalTransport<BoardService>{&service, own}) {}
    u64 object(u32 index, u32 which) const { return badge * 100 + index * 10 + which; }
    Status pin(u32 index, u64 bytes = 4096) {
        auto& caps = ipc::local_caps();
        sessions::Note note;
        note.wake = note.wake.owning(caps.create(object(index, 1)));
        note.log = note.log.owning(caps.create(object(index, 2)));
        note.area = note.area.owning(caps.create(object(index, 3)));
        note.area_bytes = bytes;
        note.index = index;
        return calls.pin(note).error();
    }
    void write(u32 index, u64 value) {
        auto memory = world.memory(object(index, 3));
        if (memory.empty()) memory = world.make_memory(object(index, 3), 8192);
        std::memcpy(memory.data() + 8, &value, sizeof value);
    }
};

// False if the death did not come.
bool live(u64 fatal) {
    CAPTURE(fatal);
    World world;
    BoardService service(world, 1);
    Client anna(world, service, 7), bert(world, service, 8);
    anna.write(0, 70);
    anna.write(1, 71);
    bert.write(1, 81);
    world.steps = 0;
    world.fatal_step = fatal;

    REQUIRE(anna.pin(0).ok());
    REQUIRE(anna.pin(1, 8192).ok());
    CHECK(anna.pin(2).error() == Error::OutOfRange);
    REQUIRE(bert.pin(1).ok());
    CHECK(bert.calls.look({.offset = 8, .index = 0}).error() == Error::WrongState);
    CHECK(anna.calls.look({.offset = 8, .index = 0})->value == 70);
    CHECK(service.server().last_log == anna.object(0, 2));
    CHECK(anna.calls.look({.offset = 8, .index = 1})->value == 71);
    CHECK(bert.calls.look({.offset = 8, .index = 1})->value == 81);
    CHECK(world.now.signals[bert.object(1, 1)] >= 2);  // when it was attached, and by Look
    service.serve();
    CHECK(world.mapped == 3);
    anna.write(0, 170);
    REQUIRE(anna.pin(0).ok());  // in place of what was there
    CHECK(anna.calls.look({.offset = 8, .index = 0})->value == 170);

    FakeNames broker;
    broker.ended = {7};
    service.close_ended(broker);
    broker.incomplete = true;  // what names says to a new incarnation
    broker.open_badges = {8};
    service.close_ended(broker);
    CHECK(world.mapped == 1);
    CHECK(world.now.slots.size() == 3);
    CHECK(bert.calls.look({.offset = 8, .index = 1})->value == 81);
    CHECK(service.deaths <= 1);
    return service.deaths == 1;
}

}  // namespace

TEST_CASE("what is attached is there after a death at any step") {
    u64 step = 0;
    while (live(step)) ++step;
    CHECK(step > 100);
}

TEST_CASE("what cannot be attached leaves nothing behind, not even what was there") {
    World world;
    BoardService service(world, 1);
    Client client(world, service, 7);
    client.write(0, 1);
    CHECK(client.pin(0, 0).error() == Error::InvalidArgument);
    CHECK(client.pin(0, 100).error() == Error::InvalidArgument);
    CHECK(client.pin(0, 12288).error() == Error::InvalidArgument);  // above max
    REQUIRE(client.pin(0).ok());
    world.make_memory(client.object(0, 3), 4096);
    CHECK(client.pin(0, 8192).error() == Error::OutOfRange);
    CHECK(world.mapped == 0);
    CHECK(world.now.slots.empty());
    CHECK(client.calls.look({}).error() == Error::WrongState);
}

TEST_CASE("a list of open sessions that cannot be had closes nobody") {
    World world;
    BoardService service(world, 1);
    Client client(world, service, 7);
    client.write(0, 5);
    REQUIRE(client.pin(0).ok());
    FakeNames broker;
    broker.incomplete = true;
    broker.open_fails = true;
    service.close_ended(broker);
    CHECK(client.calls.look({.offset = 8})->value == 5);
    CHECK(service.server().closed_sessions == 0);
    broker.incomplete = true;
    broker.open_fails = false;
    service.close_ended(broker);
    CHECK(service.server().closed_sessions == 1);
    CHECK(world.mapped == 0);
}

TEST_CASE("an attachment that cannot be mapped again ends, and its client can attach anew") {
    World world;
    BoardService service(world, 1);
    Client client(world, service, 7);
    client.write(0, 5);
    REQUIRE(client.pin(0, 8192).ok());
    world.make_memory(client.object(0, 3), 4096);
    service.kill();
    CHECK(world.reports == 1);
    CHECK(client.calls.look({}).error() == Error::WrongState);
    CHECK(world.now.slots.empty());
    REQUIRE(client.pin(0).ok());
}
