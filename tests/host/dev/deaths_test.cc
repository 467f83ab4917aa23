// A driver dies at each of its system calls while it takes its device into use: once the device is silenced, the next
// incarnation gets what this one had, and when the device is given back, nothing is left. dev dies at each of its system calls
// and stores: nobody else notices.
#include "dev_machine.h"
#include "shared_line.h"

using namespace eft;
using namespace eft::test;

namespace {

struct Seen {
    u32 numbers[2];
    unsigned errors;
    bool done;
};
constinit Seen seen{};

int drive() {
    seen = {};
    DevClient device{CapHandle(*granted("device"))};
    const auto note = [](const auto& result) { seen.errors += !result.ok(); };
    note(device.describe());
    auto window = device.open_window({.index = 4});
    note(window);
    const auto registers = SharedMemory::borrow(window->memory.slot(), window->bytes);
    note(registers);
    Result<dev::Interrupt> interrupts[] = {device.open_interrupt({.index = 0}), device.open_interrupt({.index = 1})};
    const auto wake = make_wake(1);
    for (unsigned i = 0; i < 2; ++i) {
        note(interrupts[i]);
        seen.numbers[i] = interrupts[i]->number;
        note(kernel_object::bind_irq(interrupts[i]->irq.slot(), interrupts[i]->number, wake->slot()));
    }
    const auto shared = SharedMemory::create(5 * kPageSize);
    note(shared);
    dev::PinRequest request;
    request.object = decltype(request.object)(shared->object().slot());
    const auto pinned = device.pin(request);
    note(pinned);
    note(device.pinned_at({.pin = pinned->pin}));
    note(device.set_bus_master({.enabled = true}));
    seen.done = true;
    for (;;) static_cast<void>(wait_for_wake());
}

// An incarnation of the driver.
Program& add_driver(DevMachine& scene, u32 assignment) {
    Program& driver = scene.stage.add("driver", drive, {.restarts = false});
    scene.stage.connect(driver, "device", *scene.dev, dev::Dev::badge_of(Kind::Driver, assignment));
    return driver;
}

enum class Victim { Driver, Dev, StartingDev };

template <Victim kVictim>
bool live(Stage& stage, Death death) {
    DevMachine scene(stage);
    scene.start(kVictim == Victim::StartingDev ? std::optional(death) : std::nullopt);
    if (kVictim == Victim::Dev) scene.dev->die(death);
    const DevMachine::Totals before = scene.totals();
    const u32 id = scene.assign("pci:1af4:1042")->id;
    Program& first = add_driver(scene, id);
    if (kVictim == Victim::Driver) first.die(death);
    stage.run();
    const bool died = first.deaths == 1;
    if (!died) {
        CHECK(seen.done);
        CHECK(seen.errors == 0);
        stage.kill(first);
    }
    REQUIRE(scene.control.silence({.id = id}).ok());
    CHECK((scene.command(3) & 4) == 0);
    for (const u64 control : {12, 28}) CHECK((scene.window_at(kTableWindow).word(control) & 1) == 1);

    Program& second = add_driver(scene, id);
    stage.run();
    CHECK(seen.done);
    CHECK(seen.errors == 0);
    CHECK(seen.numbers[0] + seen.numbers[1] == 2 * kFirstMsi + 1);  // whichever was asked for first
    CHECK((scene.command(3) & 4) != 0);
    stage.kill(second);
    CHECK(scene.unassign(id) == Error::None);
    CHECK(scene.totals() == before);
    CHECK(scene.dev->deaths <= (kVictim != Victim::Driver));
    return kVictim == Victim::Driver ? died : scene.dev->deaths == 1;
}

}  // namespace

TEST_CASE("wherever a driver dies, its next incarnation has the device, and nothing is left when it is given back") {
    CHECK(die_everywhere(live<Victim::Driver>).system_calls >= 14);
}

TEST_CASE("wherever dev dies, a driver gets its device and gives it back, and nothing is left") {
    const Deaths deaths = die_everywhere(live<Victim::Dev>, {1, 5});
    CHECK(deaths.system_calls > 80);
    CHECK(deaths.stores > 80);
    CHECK(die_everywhere(live<Victim::StartingDev>, {29, 29}).system_calls > 250);
}

namespace {

// Answers each interrupt of its line.
int answer_line() {
    DevClient device{CapHandle(*granted("device"))};
    const auto wake = make_wake(1);
    dev::LineRequest request;
    request.wake = decltype(request.wake)(wake->slot());
    const auto line = device.join_line(request);
    for (;;)
        if (wait_for_wake() & 1) sys::signal(line->answered.slot());
}

// The test is the other driver of the line.
template <Victim kVictim>
bool share_line(Stage& stage, Death death) {
    SharedLine scene(stage);
    if (kVictim == Victim::Dev) scene.dev->die(death);
    scene.begin(0);
    CHECK(scene.control.next({.after = 0}).ok());  // what came with the last request is gone with the next
    const DevMachine::Totals before = scene.totals();
    const u32 id = scene.assign("pci:8086:2002")->id;
    const auto add = [&]() -> Program& {
        Program& driver = stage.add("driver", answer_line, {.restarts = false});
        stage.connect(driver, "device", *scene.dev, dev::Dev::badge_of(Kind::Driver, id));
        return driver;
    };
    const auto interrupt = [&] {
        static_cast<void>(poll_wake());
        scene.interrupt();
        CHECK(poll_wake() == 1);
        stage.run();
        scene.answer(0);
    };
    Program& first = add();
    if (kVictim == Victim::Driver) first.die(death);
    stage.run();
    interrupt();
    interrupt();
    const bool died = first.deaths == 1;
    if (!died) stage.kill(first);
    REQUIRE(scene.control.silence({.id = id}).ok());
    CHECK(scene.disabled(1));
    CHECK_FALSE(scene.masked());
    interrupt();
    CHECK_FALSE(scene.masked());

    Program& second = add();
    stage.run();
    CHECK_FALSE(scene.disabled(1));
    interrupt();
    CHECK_FALSE(scene.masked());
    stage.kill(second);
    CHECK(scene.unassign(id) == Error::None);
    CHECK(scene.totals() == before);
    return kVictim == Victim::Driver ? died : scene.dev->deaths == 1;
}

}  // namespace

TEST_CASE("wherever a driver of a shared line dies, the line goes on for the other, and for its next incarnation") {
    CHECK(die_everywhere(share_line<Victim::Driver>).system_calls >= 6);
}

TEST_CASE("wherever dev dies, a shared line goes on") { CHECK(die_everywhere(share_line<Victim::Dev>, {1, 5}).system_calls > 50); }
