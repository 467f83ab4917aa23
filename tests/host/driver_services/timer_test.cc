// The timer service over a made-up clock, with a death at every step: no timer is early, none is lost.
#include "loop.h"

#include <drivers/hpet/timer_server.h>

#include <stdexcept>

using namespace eft;
using namespace eft::test;

[[noreturn]] void eft::panic(const char* text) { throw std::runtime_error(text); }

namespace {

// The hardware: it goes on while no driver lives. The alarm is the driver's own again after each start.
struct FakeClock {
    u64 time = 1000;
    u64 alarm = ~u64{0};

    u64 now() { return time; }
    Status set_alarm(u64 nanoseconds) {
        alarm = nanoseconds;
        return {};
    }
    void disarm() { alarm = ~u64{0}; }
};

struct Incarnation {
    using Server = hpet::TimerServer<FakeClock, FakePlatform, MortalStores>;
    using Region = Server::Region;
    using View = Server::Clients::View;
    using Service = timer::TimerService;
    static constexpr u32 kLayoutVersion = hpet::kLayoutVersion;

    Incarnation(World& world, FakeClock& clock, Region& region) : slots(world), server(region, clock, slots) {}
    FakePlatform slots;
    Server server;
};
using TimerLoop = Loop<Incarnation, FakeClock>;
using Client = timer::TimerServiceClient<LoopTransport<TimerLoop>>;

constexpr u64 kWake = 555;

Status attach(Client& client, u64 object = kWake) {
    timer::Attach request;
    request.expired = request.expired.owning(ipc::local_caps().create(object));
    return client.attach(request).error();
}

// Time passes until the next alarm.
void advance(TimerLoop& loop, FakeClock& clock, u64 to) {
    while (clock.alarm <= to) {
        clock.time = std::max(clock.time, clock.alarm);
        loop.step([&] { static_cast<void>(loop.server().expire()); });
    }
    clock.time = std::max(clock.time, to);
}

bool live(u64 fatal) {
    CAPTURE(fatal);
    World world;
    FakeClock clock;
    TimerLoop loop(world, clock);
    Client client(LoopTransport<TimerLoop>{&loop, 7}), other(LoopTransport<TimerLoop>{&loop, 8});
    world.steps = 0;
    world.fatal_step = fatal;

    REQUIRE(attach(client).ok());
    REQUIRE(other.arm({.timer = 63, .deadline_ns = 5000}).ok());
    REQUIRE(client.arm({.timer = 0, .deadline_ns = 3000}).ok());
    REQUIRE(client.arm({.timer = 5, .deadline_ns = 2000}).ok());
    REQUIRE(client.arm({.timer = 9, .deadline_ns = 2500}).ok());
    REQUIRE(client.disarm({.timer = 9}).ok());
    REQUIRE(client.arm({.timer = 0, .deadline_ns = 4000}).ok());
    CHECK(client.arm({.timer = 64, .deadline_ns = 4000}).error() == Error::OutOfRange);

    const unsigned quiet = world.now.signals[kWake];
    advance(loop, clock, 1999);
    CHECK(client.expired()->timers == 0);
    advance(loop, clock, 2600);
    CHECK(client.expired()->timers == 1u << 5);
    CHECK(world.now.signals[kWake] > quiet);
    advance(loop, clock, 3999);
    CHECK(client.expired()->timers == 1u << 5);
    REQUIRE(client.disarm({.timer = 5}).ok());
    const unsigned before = world.now.signals[kWake];
    advance(loop, clock, 4000);
    CHECK(client.expired()->timers == 1);
    CHECK(world.now.signals[kWake] > before);
    CHECK(other.expired()->timers == 0);
    REQUIRE(client.arm({.timer = 1, .deadline_ns = 10}).ok());  // past
    CHECK(client.expired()->timers == 3);
    advance(loop, clock, 6000);
    CHECK(other.expired()->timers == u64{1} << 63);
    CHECK(loop.deaths <= 1);
    return loop.deaths == 1;
}

}  // namespace

TEST_CASE("a death of the timer service at any step hurts nobody who waits") {
    u64 step = 0;
    while (live(step)) ++step;
    CHECK(step > 60);
}

TEST_CASE("sessions end, and their timers with them") {
    World world;
    FakeClock clock;
    TimerLoop loop(world, clock);
    for (u64 badge = 10; badge < 10 + hpet::kSessions; ++badge) {
        Client client(LoopTransport<TimerLoop>{&loop, badge});
        REQUIRE(attach(client, badge).ok());
        REQUIRE(client.arm({.timer = 3, .deadline_ns = 2000 + badge}).ok());
    }
    Client late(LoopTransport<TimerLoop>{&loop, 99});
    CHECK(late.now().error() == Error::StaleSession);
    struct {
        const std::vector<u64> ended{10, 11};
        bool told = false;
        Result<names::Badges> closed() {
            names::Badges badges;
            if (!std::exchange(told, true)) badges.badges = ended;
            return badges;
        }
        Result<names::Badges> open(const names::Badge&) { return Error::NotFound; }
    } broker;
    loop.step([&] { loop.server().close_ended(broker); });
    CHECK(world.now.slots.size() == hpet::kSessions - 2);
    advance(loop, clock, 5000);
    CHECK(world.now.signals[10] == 0);
    CHECK(world.now.signals[12] == 1);
    CHECK(late.now().ok());
}
