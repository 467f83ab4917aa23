// @name@ on QEMU's device: it computes, also when it is killed while the device is at work.
#include <service.h>

#include <doctest/doctest.h>

using namespace eft::qemu;

TEST_CASE("@name@ comes back while its device computes, and knows what it was asked for") {
    System system({});
    Service @name@(system, "@name@");
    CHECK(@name@.refusal("Wait").find("wrong") != std::string::npos);
    @name@.call("Start", {{"number", 12}});
    CHECK(@name@.call("Wait") == Json{{"product", 479'001'600}});

    // Seconds of work for the device; nothing can stop it.
    @name@.call("Start", {{"number", 2'000'000'000}});
    @name@.kill();
    @name@.call("Start", {{"number", 13}});
    @name@.kill("crash");
    CHECK(@name@.call("Wait") == Json{{"product", 1'932'053'504}});
    system.shut_down();
}
