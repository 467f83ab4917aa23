// @name@ on a device model: entries in turn, and a death at every step, after which each entry is answered once.
#include "engine_model.h"

#include <drivers/@name@/@name@.h>
#include <memory_server.h>
#include <scripted_names.h>
#include <stage_case.h>

#include <eft/ring/attached_ring.h>
#include <eft/wake.h>

using namespace eft;
using namespace eft::test;

namespace {

struct Scene {
    Stage& stage;
    MemoryServer memory{stage};
    EngineModel engine{};
    @name@::Engine device = *@name@::Engine::start(engine.registers());
    Program& driver = stage.serve<@name@::Server>("@name@", @name@::kLayoutVersion, device);
    ScriptedNames names{stage, driver};
    CapHandle wake = *make_wake();
    ring::AttachedRing<@name@::@Name@> anna{1, kPageSize}, bert{1, kPageSize};

    void end_computation() {
        if (engine.finish()) stage.signal(driver, @name@::kInterruptBit);
    }
};

bool live(Stage& stage, Death death) {
    Scene scene{stage};
    auto& [_, memory, engine, device, driver, names, wake, anna, bert] = scene;
    driver.die(death);

    REQUIRE(anna.connect("@name@", wake).ok());
    REQUIRE(bert.connect("@name@", wake).ok());
    for (u32 number = 1; number <= 3; ++number) REQUIRE(anna.ring().submit_factorial({number}).ok());
    REQUIRE(bert.ring().submit_factorial({5}).ok());
    unsigned answers[4] = {};
    for (unsigned round = 0; round < 20; ++round) {
        scene.end_computation();
        for (;;) {
            const auto done = anna.ring().take_completion();
            REQUIRE(done.ok());
            if (!done->has_value()) break;
            constexpr u32 kProducts[] = {1, 2, 6};
            CHECK(ring::response_of<@name@::@Name@::FactorialMethod>(**done)->product == kProducts[(*done)->ticket]);
            ++answers[(*done)->ticket];
        }
        if (const auto done = bert.ring().take_completion(); done->has_value()) {
            CHECK(ring::response_of<@name@::@Name@::FactorialMethod>(**done)->product == 120);
            ++answers[3];
        }
    }
    for (const unsigned each : answers) CHECK(each == 1);
    names.close({7, 8});
    for (int i = 0; i < 2; ++i) names.close_all_but({});  // as names tells each incarnation
    CHECK(memory.mapped_pages(driver) == 0);
    CHECK(stage.kept_slots(driver) == 0);
    return driver.deaths == 1;
}

}  // namespace

TEST_CASE("a driver that dies at any step answers each entry once") {
    const Deaths deaths = die_everywhere(live);
    CHECK(deaths.system_calls > 20);
    CHECK(deaths.stores > 50);
}

STAGE_CASE(Scene, "a client that ends takes along what has not begun") {
    REQUIRE(anna.connect("@name@", wake).ok());
    for (u32 number = 1; number <= 3; ++number) REQUIRE(anna.ring().submit_factorial({number}).ok());
    names.close({7});
    CHECK(memory.mapped_pages(driver) != 0);  // the device computes the first
    end_computation();
    CHECK(memory.mapped_pages(driver) == 0);
    CHECK(engine.begun == 1);
}
