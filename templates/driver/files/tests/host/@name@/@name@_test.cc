// @name@ on a device model: jobs in turn, and deaths while the device is at work.
#include "engine_model.h"

#include <drivers/@name@/@name@.h>
#include <stage_case.h>

using namespace eft;
using namespace eft::test;

namespace {

using @name@::Engine;
using @name@::Server;
using Client = @name@::@Name@Client<>;

struct Scene {
    Stage& stage;
    EngineModel engine{};
    Engine device = *Engine::start(engine.registers());
    Program& driver = stage.serve<Server>("@name@", @name@::kLayoutVersion, device);
    Client anna{stage.connect(driver, Badge{7})}, bert{stage.connect(driver, Badge{8})};

    void interrupt() { stage.signal(driver, @name@::kInterruptBit); }
    void end_computation() {
        if (engine.finish()) interrupt();
    }
    // A program that waits in this session, and ends with the product.
    Program& wait(Badge badge) {
        Program& waiting = stage.add("waiting", [] { return static_cast<int>(Client{CapHandle(*granted("@name@"))}.wait()->product); });
        stage.connect(waiting, "@name@", driver, badge);
        stage.run();
        return waiting;
    }
};

}  // namespace

TEST_CASE("a device that does not answer, or is another, is none") {
    EngineModel engine;
    engine.dead = true;
    CHECK(Engine::start(engine.registers()).error() == Error::NoDevice);
}

STAGE_CASE(Scene, "a job is computed, and its client waits for it") {
    CHECK(anna.wait().error() == Error::WrongState);
    REQUIRE(anna.start({5}).ok());
    Program& waiting = wait(Badge{7});
    CHECK(!waiting.ended);
    end_computation();
    stage.run();
    CHECK(waiting.ended);
    CHECK(waiting.status == 120);
    CHECK(anna.wait()->product == 120);
    CHECK(engine.interrupts == 0);
    CHECK_FALSE(engine.wrong_access);
}

STAGE_CASE(Scene, "jobs take turns, and a client's new one replaces its old one") {
    REQUIRE(anna.start({3}).ok());
    REQUIRE(bert.start({4}).ok());
    REQUIRE(anna.start({5}).ok());
    CHECK(engine.begun == 1);
    for (unsigned i = 0; i < 3; ++i) end_computation();
    CHECK(anna.wait()->product == 120);
    CHECK(bert.wait()->product == 24);
    CHECK(engine.begun == 3);
}

TEST_CASE("a driver that dies while the device computes goes on with what was asked for") {
    const Deaths deaths = die_everywhere([](Stage& stage, Death death) {
        Scene scene{stage};
        scene.driver.die(death);
        REQUIRE(scene.anna.start({3}).ok());
        REQUIRE(scene.bert.start({4}).ok());  // the stub repeats it
        const bool died = scene.driver.deaths == 1;
        stage.kill(scene.driver);
        CHECK(scene.engine.begun == 1);
        scene.end_computation();  // of the last incarnation: nobody's
        CHECK(scene.engine.begun == 2);
        scene.end_computation();
        scene.end_computation();
        CHECK(scene.anna.wait()->product == 6);
        CHECK(scene.bert.wait()->product == 24);
        stage.kill(scene.driver);
        CHECK(scene.bert.wait()->product == 24);
        CHECK(scene.engine.begun == 3);
        return died;
    });
    CHECK(deaths.system_calls > 1);
    CHECK(deaths.stores > 20);
}

STAGE_CASE(Scene, "an interrupt without a reason does nothing") {
    interrupt();
    REQUIRE(anna.start({3}).ok());
    interrupt();
    Program& waiting = wait(Badge{7});
    CHECK(!waiting.ended);
    end_computation();
    stage.run();
    CHECK(waiting.status == 6);
}
