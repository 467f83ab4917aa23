// @name@ on a device model: entries in turn, and a death at every step, after which each entry is answered once.
#include "engine_model.h"

#include <drivers/@name@/@name@.h>
#include <mortal_service.h>

using namespace eft;
using namespace eft::test;

namespace {

using Service = MortalService<@name@::Server>;

struct Client {
    struct WakeServer {
        World* world;
        void signal() { world->now.self_bits |= static_cast<u64>(WakeBit::Rings); }
    };
    World& world;
    u64 badge;
    @name@::@Name@Client<MortalTransport<Service>> calls;
    @name@::@Name@Ring<WakeServer> ring;

    Client(World& everywhere, Service& service, u64 own)
        : world(everywhere), badge(own), calls(MortalTransport<Service>{&service, own}), ring(WakeServer{&everywhere}) {
        const auto memory = world.make_memory(badge * 10 + 1, page_up(decltype(ring)::kMemoryBytes));
        world.make_memory(badge * 10 + 2, kPageSize);
        REQUIRE(ring.create(memory, kPageSize).ok());
    }
    Status attach() {
        auto& caps = ipc::local_caps();
        @name@::Attach request;
        request.ring = request.ring.owning(caps.create(badge * 10 + 1));
        request.area = request.area.owning(caps.create(badge * 10 + 2));
        request.wake = request.wake.owning(caps.create(badge * 10 + 3));
        request.area_bytes = kPageSize;
        return calls.attach(request).error();
    }
};

// False if the death did not come.
bool live(u64 fatal) {
    CAPTURE(fatal);
    World world;
    EngineModel engine;
    @name@::Engine device = *@name@::Engine::start(engine.registers());
    Service service(world, @name@::kLayoutVersion, device);
    Client anna(world, service, 7), bert(world, service, 8);
    world.steps = 0;
    world.fatal_step = fatal;

    REQUIRE(anna.attach().ok());
    REQUIRE(bert.attach().ok());
    for (u32 number = 1; number <= 3; ++number) REQUIRE(anna.ring.submit_factorial({number}).ok());
    REQUIRE(bert.ring.submit_factorial({5}).ok());
    unsigned answers[4] = {};
    for (unsigned round = 0; round < 20; ++round) {
        service.wake();
        if (engine.finish()) service.serve(@name@::kInterruptBit);
        for (;;) {
            const auto done = anna.ring.take_completion();
            REQUIRE(done.ok());
            if (!done->has_value()) break;
            constexpr u32 kProducts[] = {1, 2, 6};
            CHECK(ring::response_of<@name@::@Name@::FactorialMethod>(**done)->product == kProducts[(*done)->ticket]);
            ++answers[(*done)->ticket];
        }
        if (const auto done = bert.ring.take_completion(); done->has_value()) {
            CHECK(ring::response_of<@name@::@Name@::FactorialMethod>(**done)->product == 120);
            ++answers[3];
        }
    }
    for (const unsigned each : answers) CHECK(each == 1);
    FakeNames names;
    names.ended = {7, 8};
    service.close_ended();
    names.incomplete = true;  // what names says to a new incarnation
    service.close_ended();
    CHECK(world.mapped == 0);
    CHECK(world.now.slots.empty());
    return service.deaths == 1;
}

}  // namespace

TEST_CASE("a driver that dies at any step answers each entry once") {
    u64 step = 0;
    while (live(step)) ++step;
    CHECK(step > 60);
}

TEST_CASE("a client that ends takes along what has not begun") {
    World world;
    EngineModel engine;
    @name@::Engine device = *@name@::Engine::start(engine.registers());
    Service service(world, @name@::kLayoutVersion, device);
    Client anna(world, service, 7);
    REQUIRE(anna.attach().ok());
    for (u32 number = 1; number <= 3; ++number) REQUIRE(anna.ring.submit_factorial({number}).ok());
    service.wake();
    FakeNames names;
    names.ended = {7};
    service.close_ended();
    CHECK(world.mapped == 2);  // the device computes the first
    engine.finish();
    service.serve(@name@::kInterruptBit);
    CHECK(world.mapped == 0);
    CHECK(engine.begun == 1);
}
