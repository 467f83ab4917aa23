// `./eft demo`, shortened: what it shows, in plain text where there is no terminal, and its status.
#include <child.h>

#include <doctest/doctest.h>

#include <regex>

namespace {

bool has(const std::string& text, const std::string& pattern) { return std::regex_search(text, std::regex(pattern)); }

}  // namespace

TEST_CASE("everything is harmed, and nothing is lost") {
    const std::string text = eft::qemu::output_of(EFT_DEMO " --seconds 6 --seed 5 2>&1; echo status $?");
    CAPTURE(text);
    CHECK(text.ends_with(" and nothing is lost.\nstatus 0\n"));
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("WRONG") == std::string::npos);
    CHECK(has(text, "\\n +\\d+\\.\\d s  [a-z0-9_]+ +killed +back in \\d+\\.\\d ms\\n"));
    CHECK(has(text, " made to crash +back in "));
    CHECK(has(text, " made to hang +back in "));
    CHECK(has(text, " file +sum 1 +right\\n"));
    CHECK(has(text, " download +sum 1 +right\\n"));
    CHECK(has(text, " killed with all others +back in "));
    CHECK(has(text, "\\nfile +[1-9]\\d* times, each time with the host's sum\\n"));
    CHECK(has(text, "\\ndownload +[1-9]\\d* times, each time with the host's sum\\n"));
    CHECK(has(text, "\\ncounter +[1-9]\\d* times, each increment counted once\\nconnections 0 lost\\n"));
    // At the end everything at once, so each has died.
    for (const char* name : {"mem", "proc", "dev", "names", "rs", "hpet", "uart", "virtio_blk", "virtio_net", "net", "log", "ext2", "echo", "counter"})
        CHECK_MESSAGE(has(text, "\\n" + std::string(name) + " +[1-9]\\d* .* \\d+\\.\\d ms\\n"), name);
}

TEST_CASE("what is no call is refused") {
    for (const char* arguments : {"--seconds", "--seconds 0", "--seconds 9999", "--seed x", "7"}) {
        CAPTURE(arguments);
        CHECK(eft::qemu::output_of(std::string(EFT_DEMO " ") + arguments + " 2>&1; echo $?") == "usage: eft-demo [--seconds 1..3600] [--seed N]\n2\n");
    }
}
