// The timer service over an HPET in software, with a death at every step: no timer is early, none is lost.
#include <devices/hpet.h>
#include <drivers/hpet/timer_server.h>
#include <mortal_service.h>

using namespace eft;
using namespace eft::test;

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

HpetModel* present_hardware = nullptr;
hpet::TimerServer::Start start_clock = [](hpet::ClockState& state) { return *hpet::Hpet::start(present_hardware->registers(), state, 0); };

using Service = MortalService<hpet::TimerServer>;
using Client = timer::TimerServiceClient<MortalTransport<Service>>;

struct Scene {
    World world;
    Clock clock;
    Service service;
    Scene() : service((present_hardware = &clock.hardware, world), hpet::kLayoutVersion, start_clock) {}
    Client client(u64 badge) { return Client(MortalTransport<Service>{&service, badge}); }
    // Time passes, and the alarms that come meanwhile are served. One that is set in the past never comes.
    void advance(u64 to) {
        while (clock.alarm() > clock.hardware.counter && clock.alarm() <= to) {
            clock.pass_until(clock.alarm());
            service.serve();
        }
        clock.pass_until(to);
    }
};

constexpr u64 kWake = 555;

Status attach(Client& client, u64 object = kWake) {
    timer::Attach request;
    request.wake = request.wake.owning(ipc::local_caps().create(object));
    return client.attach(request).error();
}

bool live(u64 fatal) {
    CAPTURE(fatal);
    Scene scene;
    World& world = scene.world;
    Client client = scene.client(7), other = scene.client(8);
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
    scene.advance(1999);
    CHECK(client.expired()->timers == 0);
    scene.advance(2600);
    CHECK(client.expired()->timers == 1u << 5);
    CHECK(world.now.signals[kWake] > quiet);
    scene.advance(3999);
    CHECK(client.expired()->timers == 1u << 5);
    REQUIRE(client.disarm({.timer = 5}).ok());
    const unsigned before = world.now.signals[kWake];
    scene.advance(4000 + kLate);
    CHECK(client.expired()->timers == 1);
    CHECK(world.now.signals[kWake] > before);
    CHECK(other.expired()->timers == 0);
    REQUIRE(client.arm({.timer = 1, .deadline_ns = 10}).ok());  // past
    CHECK(client.expired()->timers == 3);
    scene.advance(6000);
    CHECK(other.expired()->timers == u64{1} << 63);
    CHECK(scene.service.deaths <= 1);
    return scene.service.deaths == 1;
}

}  // namespace

TEST_CASE("a death of the timer service at any step hurts nobody who waits") {
    u64 step = 0;
    while (live(step)) ++step;
    CHECK(step > 60);
}

TEST_CASE("sessions end, and their timers with them") {
    Scene scene;
    World& world = scene.world;
    for (u64 badge = 10; badge < 10 + hpet::kSessions; ++badge) {
        Client client = scene.client(badge);
        REQUIRE(attach(client, badge).ok());
        REQUIRE(client.arm({.timer = 3, .deadline_ns = 2000 + badge}).ok());
    }
    Client late = scene.client(99);
    CHECK(late.now().error() == Error::LimitReached);
    FakeNames names;
    names.ended = {10, 11};
    scene.service.close_ended();
    CHECK(world.now.slots.size() == hpet::kSessions - 2);
    scene.advance(5000);
    CHECK(world.now.signals[10] == 1);  // when it was attached
    CHECK(world.now.signals[12] == 2);
    CHECK(late.now().ok());
}
