// @name@ in the booted system: it starts on QEMU's device, and again after each death.
#include <service.h>

#include <doctest/doctest.h>

using namespace eft::qemu;

TEST_CASE("@name@ starts on its device, and comes back") {
    System system({});
    Service @name@(system, "@name@");
    for (const char* signal : {"kill", "crash"}) @name@.kill(signal);
    CHECK(@name@.refusal("Factorial").find("ring") != std::string::npos);
    system.shut_down();
}
