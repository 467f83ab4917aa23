// @name@ on a device model: jobs in turn, and deaths while the device is at work.
#include "engine_model.h"

#include <drivers/@name@/@name@.h>
#include <local_service.h>

using namespace eft;
using namespace eft::test;

namespace {

using @name@::Engine;
using @name@::Server;

struct World {
    EngineModel engine;
    Engine device = *Engine::start(engine.registers());
    LocalService<Server> service{@name@::kLayoutVersion, device};
    ClientOf<@name@::@Name@Client, Server> anna{service, Badge{7}}, bert{service, Badge{8}};

    ~World() { CHECK_FALSE(engine.wrong_access); }
    void end_computation() {
        if (engine.finish()) service.wake(@name@::kInterruptBit);
    }
};

}  // namespace

TEST_CASE_FIXTURE(World, "a device that does not answer, or is another, is none") {
    engine.dead = true;
    CHECK(Engine::start(engine.registers()).error() == Error::NoDevice);
}

TEST_CASE_FIXTURE(World, "a job is computed, and its client waits for it") {
    CHECK(anna.wait().error() == Error::WrongState);
    REQUIRE(anna.start({5}).ok());
    CHECK(anna.wait().error() == Error::Cancelled);  // not yet
    end_computation();
    CHECK(service.late_answers() == 1);
    CHECK(anna.wait()->product == 120);
    CHECK(engine.interrupts == 0);
}

TEST_CASE_FIXTURE(World, "jobs take turns, and a client's new one replaces its old one") {
    REQUIRE(anna.start({3}).ok());
    REQUIRE(bert.start({4}).ok());
    REQUIRE(anna.start({5}).ok());
    CHECK(engine.begun == 1);
    for (unsigned i = 0; i < 3; ++i) end_computation();
    CHECK(anna.wait()->product == 120);
    CHECK(bert.wait()->product == 24);
    CHECK(engine.begun == 3);
}

TEST_CASE_FIXTURE(World, "a driver that dies while the device computes goes on with what was asked for") {
    REQUIRE(anna.start({3}).ok());
    service.die_in_next_call(Death::BeforeAnswer);
    REQUIRE(bert.start({4}).ok());  // the stub repeats it
    service.kill();
    CHECK(engine.begun == 1);
    end_computation();  // of the last incarnation: nobody's
    CHECK(engine.begun == 2);
    end_computation();
    end_computation();
    CHECK(anna.wait()->product == 6);
    CHECK(bert.wait()->product == 24);
    service.kill();
    CHECK(bert.wait()->product == 24);
    CHECK(engine.begun == 3);
}

TEST_CASE_FIXTURE(World, "an interrupt without a reason does nothing") {
    service.wake(@name@::kInterruptBit);
    REQUIRE(anna.start({3}).ok());
    service.wake(@name@::kInterruptBit);
    CHECK(anna.wait().error() == Error::Cancelled);
    end_computation();
    CHECK(anna.wait()->product == 6);
}
