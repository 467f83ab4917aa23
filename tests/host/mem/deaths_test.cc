// mem dies at each of its system calls and stores, under processes that proc spawns and reaps, page faults, memory objects and a
// device's: each request is answered once, and what is used afterwards is what would be without a death.
#include <tests/host/proc/supervisor.h>

using namespace eft;
using namespace eft::test;

namespace {

constexpr u64 kPages = 5;

struct Scene : Supervisor {
    explicit Scene(Stage& where) : Supervisor(where) {
        device = mem::MemClient<>{stage.connect(mem(), mem::Mem::badge_of(mem::Mem::SessionKind::Device, core_pid("dev")))};
    }
    Program& mem() { return memory.program(); }

    // What must be the same before and after. Not to be asked for when mem may die.
    struct Figures {
        u64 free;
        u32 slots, spaces, objects, capabilities, of_proc, of_table, of_test;
        u64 mapped;
    };
    Figures figures(const PersistentPart& part) {
        const auto info = own_memory.info();
        REQUIRE(info.ok());
        return {info->free, info->slots, info->spaces, info->objects, stage.used_slots(mem()), stage.used_slots(*proc), *ko::used_slots(part.table.slot()), info->used, memory.mapped_pages(stage.test())};
    }

    // All that mem is asked for, once.
    void live(const PersistentPart& part) {
        process(part);
        image(part);
        objects();
    }
    void process(const PersistentPart& part) {
        const auto pid = spawn(part, "wait_and_fault");
        REQUIRE(pid.ok());
        stage.run();
        control.next({.after = *pid - 1}).error();
        const auto wake = copy_capability(part.notification.slot(), bits(NotificationRight::Signal), 1);
        sys::signal(wake->slot());
        stage.run();
        CHECK(state_of(*pid) == proc::ProcessState::Dead);
        CHECK((poll_wake() & kDied) != 0);
        const auto record = reap(*pid);
        REQUIRE(record.ok());
        CHECK(record->reason == proc::DeathReason::PageFault);
        CHECK(record->address == kNowhere);
        CHECK(record->backtrace.frames[0] != 0);
    }
    // One that looks at its whole image.
    void image(const PersistentPart& part) {
        seen.wrong_bytes = 1;
        const auto pid = spawn(part, "look_around");
        REQUIRE(pid.ok());
        stage.run();
        CHECK(seen.wrong_bytes == 0);
        CHECK((poll_wake() & kDied) != 0);
        CHECK(reap(*pid)->reason == proc::DeathReason::Exit);
    }
    void objects() {
        auto one = SharedMemory::create(kPages * kPageSize);
        REQUIRE(one.ok());
        auto again = SharedMemory::borrow(one->object().slot(), kPages * kPageSize);
        REQUIRE(again.ok());
        for (u64 i = 0; i < kPages; ++i) {
            CHECK(one->bytes()[i * kPageSize] == std::byte{0});
            one->bytes()[i * kPageSize] = std::byte{7};
        }
        one->reset();
        for (u64 i = 0; i < kPages; ++i) CHECK(again->bytes()[i * kPageSize] == std::byte{7});
        again->reset();
        mem::ObjectRequest wanted;
        wanted.bytes = kPages * kPageSize;
        wanted.contiguous = true;
        auto made = own_memory.create_object(wanted);
        REQUIRE(made.ok());
        const CapHandle object(made->object.release());
        CHECK(device.pin(field(object)).ok());
        mem::PageQuery query;
        query.object = decltype(query.object)(object.slot());
        CHECK(device.physical(query)->addresses.size() == kPages);
        CHECK(own_memory.release(field(object)).ok());
        CHECK(device.unpin(field(object)).ok());
        const CapHandle table = make(ObjectType::CapTable, 9), reply = make(ObjectType::Reply);
        CHECK(*ko::used_slots(table.slot()) == 0);
    }
    static mem::Object field(const CapHandle& object) {
        mem::Object named;
        named.object = decltype(named.object)(object.slot());
        return named;
    }

    mem::MemClient<> device{CapHandle()};
};

// Answers the figures at the end, of which every run has the same.
Scene::Figures live_three_times(Stage& stage, std::optional<Death> death, bool& died) {
    Scene scene(stage);
    Program& mem = scene.mem();
    const PersistentPart part = scene.make_part();
    scene.live(part);
    if (death) mem.die(*death);
    scene.live(part);
    died = mem.deaths != 0;
    CHECK(mem.deaths <= 1);
    mem.image.fatal_system_call = mem.image.fatal_store = host::Image::kNever;
    scene.live(part);
    CHECK(mem.deaths == died);
    return scene.figures(part);
}

Scene::Figures without_a_death() {
    Scene::Figures figures;
    bool died = false;
    Stage stage;
    stage.run_test([&] { figures = live_three_times(stage, {}, died); });
    return figures;
}

bool mem_dies(Stage& stage, Death death, const Scene::Figures& expected) {
    bool died = false;
    const Scene::Figures figures = live_three_times(stage, death, died);
    CHECK(figures.free == expected.free);
    CHECK(figures.slots == expected.slots);
    CHECK(figures.spaces == expected.spaces);
    CHECK(figures.objects == expected.objects);
    CHECK(figures.capabilities == expected.capabilities);
    // The other core servers' threads that proc shows are mem's here, and end with it.
    CHECK(figures.of_proc + (died ? kCoreProcesses.size() - 1 : 0) == expected.of_proc);
    CHECK(figures.of_table == expected.of_table);
    CHECK(figures.of_test == expected.of_test);
    CHECK(figures.mapped == expected.mapped);
    return died;
}

}  // namespace

TEST_CASE("wherever mem dies, each request is answered once, and nothing is lost or left") {
    const Scene::Figures expected = without_a_death();
    const Deaths deaths = die_everywhere([&](Stage& stage, Death death) { return mem_dies(stage, death, expected); }, {1, 7});
    MESSAGE(deaths.system_calls, " system calls, ", deaths.stores, " stores");
    CHECK(deaths.system_calls > 100);
    CHECK(deaths.stores > 100);
}

TEST_CASE("mem dies again while it comes back") {
    const Scene::Figures expected = without_a_death();
    unsigned twice = 0;
    for (u64 first = 3;; first += 29) {
        unsigned deaths = 0;
        for (const At at : {At::SystemCall, At::Store}) {
            for (u64 second = 0;; second += at == At::SystemCall ? 3 : 11) {
                CAPTURE(first);
                CAPTURE(second);
                Stage stage;
                stage.run_test([&] {
                    Scene scene(stage);
                    Program& mem = scene.mem();
                    const PersistentPart part = scene.make_part();
                    scene.live(part);
                    mem.die({At::SystemCall, first});
                    stage.on_start = [&, before = stage.on_start](Program& started) {
                        before(started);
                        if (&started == &mem && mem.deaths == 1) mem.die({at, second});
                    };
                    // What is in progress at both is given up.
                    auto object = SharedMemory::create(kPages * kPageSize);
                    if (!object.ok()) CHECK(object.error() == Error::ServiceFailed);
                    if (object.ok()) object->reset();
                    mem.image.fatal_system_call = mem.image.fatal_store = host::Image::kNever;
                    deaths = mem.deaths;
                    scene.live(part);
                    scene.live(part);
                    const Scene::Figures figures = scene.figures(part);
                    CHECK(figures.free == expected.free);
                    CHECK(figures.slots == expected.slots);
                    CHECK(figures.objects == expected.objects);
                    CHECK(figures.capabilities == expected.capabilities);
                    CHECK(figures.mapped == expected.mapped);
                });
                twice += deaths == 2;
                if (deaths < 2) break;
            }
        }
        if (deaths == 0) break;
    }
    MESSAGE(twice, " deaths while it came back");
    CHECK(twice > 20);
}

// Its first incarnation, and the ones after it that go on with what it began.
TEST_CASE("mem dies while it takes what root gave it") {
    std::optional<mem::Usage> expected;
    const auto start = [&](std::optional<Death> death) {
        Stage stage;
        MemoryServer memory(stage);
        Program& mem = memory.program();
        if (death) mem.die(*death);
        stage.run();
        const bool died = mem.deaths != 0;
        mem.image.fatal_system_call = mem.image.fatal_store = host::Image::kNever;
        stage.kill(mem);  // the first one has mapped the archive, for which it took page tables
        stage.run_test([&] {
            auto object = SharedMemory::create(kPages * kPageSize);
            CHECK(object.ok());
            object->reset();
            const auto usage = mem::MemClient<>{*copy_capability(slot(WellKnown::Memory))}.info();
            REQUIRE(usage.ok());
            if (!expected) expected = *usage;
            CHECK(usage->free == expected->free);
            CHECK(usage->total == expected->total);
            CHECK(usage->slots == expected->slots);
            CHECK(usage->objects == expected->objects);
            CHECK(usage->spaces == expected->spaces);
        });
        return died;
    };
    start({});
    for (const At at : {At::SystemCall, At::Store}) {
        u64 nth = 0;
        for (; start(Death{at, nth}); nth += at == At::Store ? 5 : 1) {}
        CHECK(nth > 20);
    }
}

// The kernel sends a fault again whose answer it did not get.
TEST_CASE("a page fault at which mem ends twice ends its process, and nobody else") {
    const Scene::Figures expected = without_a_death();
    unsigned given_up = 0, served = 0;
    for (u64 first = 0, second = 0; first < 6; ++second) {
        CAPTURE(first);
        CAPTURE(second);
        Stage stage;
        unsigned deaths = 0;
        stage.run_test([&] {
            Scene scene(stage);
            Program& mem = scene.mem();
            const PersistentPart part = scene.make_part();
            scene.process(part);
            scene.objects();
            const auto pid = scene.spawn(part, "wait_and_fault");
            REQUIRE(pid.ok());
            mem.die({At::SystemCall, first});
            stage.on_start = [&, before = stage.on_start](Program& started) {
                before(started);
                if (&started == &mem && mem.deaths == 1) mem.die({At::SystemCall, second});
            };
            stage.run();
            mem.image.fatal_system_call = host::Image::kNever;
            deaths = mem.deaths;
            const bool dead = scene.state_of(*pid) == proc::ProcessState::Dead;
            ++(dead ? given_up : served);
            if (!dead) CHECK(scene.kill(*pid) == Error::None);
            const auto record = scene.reap(*pid);
            REQUIRE(record.ok());
            if (dead) CHECK(deaths == 2);
            if (dead) CHECK(record->reason == proc::DeathReason::PageFault);
            if (dead) CHECK(record->address >= layout::kStackTop - layout::kStackBytes);
            static_cast<void>(poll_wake());
            scene.objects();
            scene.process(part);
            scene.objects();
            const Scene::Figures figures = scene.figures(part);
            CHECK(figures.free == expected.free);
            CHECK(figures.slots == expected.slots);
            CHECK(figures.spaces == expected.spaces);
        });
        if (deaths < 2) ++first, second = 0;
    }
    CHECK(given_up >= 2);
    CHECK(served >= 5);
}
