// The timer service over an HPET in software, with a death at every step: no timer is early, none is lost.
#include "loop.h"

#include <devices/hpet.h>
#include <drivers/hpet/timer_server.h>

#include <stdexcept>

using namespace eft;
using namespace eft::test;

[[noreturn]] void eft::panic(const char* text) { throw std::runtime_error(text); }

namespace {

// The hardware goes on while no driver lives. A tick is a nanosecond, and none passes unless the test says so.
struct Clock {
    Clock() {
        hardware.period = 1'000'000;
        hardware.ticks_per_access = 0;
        hardware.configuration = 1;
    }
    // When the alarm comes, in the service's time, which began with the counter at 0; never if it is off.
    u64 alarm() const { return hardware.timers[0].interrupts() ? hardware.timers[0].comparator : ~u64{0}; }
    void pass_until(u64 time) { hardware.advance(std::max(time, hardware.counter) - hardware.counter); }

    HpetModel hardware;
};
// Ticks that an alarm may be late.
constexpr u64 kLate = 8;

struct Incarnation {
    using Server = hpet::TimerServer<FakePlatform>;
    using Region = Server::Region;
    using View = Server::Clients::View;
    using Service = timer::TimerService;
    static constexpr u32 kLayoutVersion = hpet::kLayoutVersion;

    Incarnation(World& world, Clock& clock, Region& region)
        : slots(world), device(*hpet::Hpet::start(clock.hardware.registers(), const_cast<hpet::ClockState&>(region->clock), 0)), server(region, device, slots) {}
    FakePlatform slots;
    hpet::Hpet device;
    Server server;
};
using TimerLoop = Loop<Incarnation, Clock>;
using Client = timer::TimerServiceClient<LoopTransport<TimerLoop>>;

constexpr u64 kWake = 555;

Status attach(Client& client, u64 object = kWake) {
    timer::Attach request;
    request.expired = request.expired.owning(ipc::local_caps().create(object));
    return client.attach(request).error();
}

// Time passes, and the alarms that come meanwhile are served. One that is set in the past never comes.
void advance(TimerLoop& loop, Clock& clock, u64 to) {
    while (clock.alarm() > clock.hardware.counter && clock.alarm() <= to) {
        clock.pass_until(clock.alarm());
        loop.step([&] { static_cast<void>(loop.server().expire()); });
    }
    clock.pass_until(to);
}

bool live(u64 fatal) {
    CAPTURE(fatal);
    World world;
    Clock clock;
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
    advance(loop, clock, 4000 + kLate);
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
    Clock clock;
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
