// @name@ in the booted system: it answers, and what it keeps survives its death.
#include <service.h>

#include <doctest/doctest.h>

using namespace eft::qemu;

TEST_CASE("@name@ keeps the sums of a client that does not notice its death") {
    System system({});
    Service @name@(system, "@name@");
    CHECK(@name@.call("Add", {{"amount", 3}}) == Json{{"own", 3}, {"all", 3}});
    for (const char* signal : {"kill", "crash"}) @name@.kill(signal);
    CHECK(@name@.call("Add", {{"amount", 4}}) == Json{{"own", 7}, {"all", 7}});
    system.shut_down();
}
