// The timer service over an HPET in software, with a death at every system call and store: no timer is early, none is lost.
#include <devices/hpet.h>
#include <drivers/hpet/hpet.h>
#include <drivers/timer/timer_server.h>
#include <scripted_names.h>
#include <stage_case.h>

#include <eft/wake.h>

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
timer::Server::Start start_clock = [](timer::ClockState& state) -> timer::AlarmClock& {
    static EFT_PROCESS_LOCAL auto clock = hpet::Hpet::start(present_hardware->registers(), state, 0);
    return *clock;
};

using Client = timer::TimerServiceClient<>;

struct Scene {
    Stage& stage;
    Clock clock{};
    Program& service = (present_hardware = &clock.hardware, stage.serve<timer::Server>("timer", timer::kLayoutVersion, start_clock));

    Client client(u64 badge) { return Client{stage.connect(service, Badge{badge})}; }
    // Time passes, and the alarms that come meanwhile are served. One that is set in the past never comes.
    void advance(u64 to) {
        while (clock.alarm() > clock.hardware.counter && clock.alarm() <= to) {
            clock.pass_until(clock.alarm());
            stage.signal(service, 1);
        }
        clock.pass_until(to);
    }
};

Status attach(Client& client, u64 wake_bits = 1) {
    timer::Attach request;
    const CapHandle wake = *make_wake(wake_bits);
    request.wake = wake;
    return client.attach(request).error();
}

bool live(Stage& stage, Death death) {
    Scene scene{stage};
    Client client = scene.client(7), other = scene.client(8);
    scene.service.die(death);

    REQUIRE(attach(client).ok());
    REQUIRE(other.arm({.timer = 63, .deadline_ns = 5000}).ok());
    REQUIRE(client.arm({.timer = 0, .deadline_ns = 3000}).ok());
    REQUIRE(client.arm({.timer = 5, .deadline_ns = 2000}).ok());
    REQUIRE(client.arm({.timer = 9, .deadline_ns = 2500}).ok());
    REQUIRE(client.disarm({.timer = 9}).ok());
    REQUIRE(client.arm({.timer = 0, .deadline_ns = 4000}).ok());
    CHECK(client.arm({.timer = 64, .deadline_ns = 4000}).error() == Error::OutOfRange);

    static_cast<void>(poll_wake());
    scene.advance(1999);
    CHECK(client.expired()->timers == 0);
    scene.advance(2600);
    CHECK(client.expired()->timers == 1u << 5);
    CHECK(poll_wake() != 0);
    scene.advance(3999);
    CHECK(client.expired()->timers == 1u << 5);
    REQUIRE(client.disarm({.timer = 5}).ok());
    static_cast<void>(poll_wake());
    scene.advance(4000 + kLate);
    CHECK(client.expired()->timers == 1);
    CHECK(poll_wake() != 0);
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
    const Deaths deaths = die_everywhere(live);
    CHECK(deaths.system_calls > 20);
    CHECK(deaths.stores > 200);
}

STAGE_CASE(Scene, "sessions end, and their timers with them") {
    ScriptedNames names(stage, service);
    for (u64 badge = 10; badge < 10 + timer::kSessions; ++badge) {
        Client each = client(badge);
        REQUIRE(attach(each, u64{1} << badge).ok());
        REQUIRE(each.arm({.timer = 3, .deadline_ns = 2000 + badge}).ok());
    }
    Client late = client(99);
    CHECK(late.now().error() == Error::LimitReached);
    names.close({10, 11});
    CHECK(stage.kept_slots(service) == timer::kSessions - 2);
    static_cast<void>(poll_wake());
    advance(5000);
    CHECK(poll_wake() == ((u64{1} << timer::kSessions) - 4) << 10);
    CHECK(late.now().ok());
}

STAGE_CASE(Scene, "timers that are due and do not expire are a missed heartbeat, if the alarm has ever come") {
    Client client = this->client(7);
    REQUIRE(attach(client).ok());
    const auto is_answered = [&] {
        const u64 before = service.service.head().heartbeats;
        stage.signal(service, static_cast<u64>(WakeBit::Heartbeat));
        stage.run();
        return service.service.head().heartbeats != before;
    };
    constexpr u64 kSecond = 1'000'000'000;
    REQUIRE(client.arm({.timer = 1, .deadline_ns = 1000}).ok());
    CHECK(is_answered());
    clock.pass_until(kSecond);
    CHECK(is_answered());
    stage.signal(service, 1);  // at last
    CHECK(client.expired()->timers == 2);
    REQUIRE(client.arm({.timer = 1, .deadline_ns = 2 * kSecond}).ok());
    REQUIRE(client.arm({.timer = 2, .deadline_ns = ~u64{0}}).ok());
    clock.pass_until(2 * kSecond + 1000);
    CHECK(is_answered());
    clock.pass_until(3 * kSecond);
    CHECK(!is_answered());
    stage.signal(service, 1);
    CHECK(is_answered());
}
