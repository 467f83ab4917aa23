// The CD image: GRUB loads kernel and archive by multiboot2, and the same system comes up.
#include <machine.h>
#include <prompt.h>
#include <temporary.h>

#include <doctest/doctest.h>

#include <cstdlib>

using namespace eft::qemu;

TEST_CASE("an ISO boots to the prompt by GRUB") {
    const TemporaryFolder folder;
    MachineOptions options;
    const std::string make = std::string(EFT_SOURCE_DIR) + "/images/iso/make-iso";
    options.iso = folder.path() + "/eft.iso";
    REQUIRE(std::system((make + " " + options.kernel + " " + options.archive + " " + options.iso + " >/dev/null 2>&1").c_str()) == 0);
    Machine machine(options);
    Prompt prompt(machine.console(), std::chrono::seconds(60));
    CHECK(prompt.run("echo booted", std::chrono::seconds(10)) == "booted\n");
    shut_down(machine, std::chrono::seconds(30));
}
