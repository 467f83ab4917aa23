// @name@ in the booted system: it starts on QEMU's device, and again after each death.
#include <service.h>

#include <doctest/doctest.h>

using namespace eft::qemu;

TEST_CASE("@name@ starts on its device, and comes back") {
    // One for each driver of such a device before this one.
    System system({.devices = std::vector<std::string>(@index@ + 1, "edu")});
    Service @name@(system, "@name@");
    for (const char* signal : {"kill", "crash"}) @name@.kill(signal);
    CHECK(@name@.refusal("Factorial").find("ring") != std::string::npos);
    system.shut_down();
}
