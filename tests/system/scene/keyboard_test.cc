// What a person does at the prompt: keys that end what runs, that edit, that complete; and bytes that a script gets whole.
#include "system.h"

#include <doctest/doctest.h>

#include <fstream>
#include <thread>

using namespace eft::qemu;
using namespace std::chrono_literals;

namespace {

constexpr Duration kMoment = 5s;

// A disk with a sparse terabyte in one file, which takes hours to read.
std::string terabyte_disk(const TemporaryFolder& folder) {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
    folder.write("files/bytes", bytes + bytes);
    folder.write("files/session", "type this:\neft> ls /\nbig.bin\neft> echo done\nno newline");
    folder.write("files/two words", "found\n");
    std::ofstream(folder.write("files/hole", "")).seekp((1ll << 40) - 1).put('x');
    const std::string image = folder.path() + "/disk.img";
    make_ext2_image(folder.path() + "/files", image, 16, 4096);
    return image;
}

struct Keyboard {
    explicit Keyboard(System& of) : console(of.machine().console()) {}
    void type(std::string_view keys) { console.write(keys); }
    // Until the line that was typed is at its end.
    std::string printed(Duration timeout = kMoment) {
        console.read_line(timeout);
        return console.read_until("eft> ", timeout);
    }
    Console& console;
};

}  // namespace

TEST_CASE("the keyboard is in charge, and a script gets every byte") {
    const TemporaryFolder folder;
    System system({.disk = terabyte_disk(folder)});
    Keyboard keyboard(system);

    // Ctrl-C ends what waits, what computes, what prints; more often than the ring has windows.
    for (const char* line : {"sleep 20000", "sleep 20000 & wait", "service watch 9", "sha256sum /hole", "cat /hole", "sha256sum /hole & wait"}) {
        keyboard.type(std::string(line) + "\r");
        keyboard.console.read_line(kMoment);
        std::this_thread::sleep_for(100ms);
        keyboard.type("\x03");
        keyboard.console.read_until("^C\neft> ", kMoment);
    }
    for (int round = 0; round < 12; ++round) {
        keyboard.type("sha256sum /hole\r\x03");
        keyboard.console.read_until("^C\neft> ", kMoment);
    }
    keyboard.type("echo $?; cat '/two words'\r");
    CHECK(keyboard.printed() == "130\nfound\n");

    // What was typed ahead runs afterwards; a line that is too long does not run at all.
    keyboard.type("sleep 200\recho ahead\r");
    keyboard.console.read_until("ahead\nahead\neft> ", kMoment);
    keyboard.type("echo " + std::string(9000, 'x') + "\r");
    const std::string refused = keyboard.console.read_until("eft> ", kMoment);
    CHECK_MESSAGE(refused.ends_with("\nmonitor: the line is too long; nothing of it was run\n"), refused);

    // Completion, history, and a word in the middle.
    keyboard.type("ser\tlist\r");
    CHECK(keyboard.printed().find("virtio_blk") != std::string::npos);
    keyboard.type("service sto\tech\t\x15");
    keyboard.console.read_until("service stop echo ", kMoment);
    keyboard.type("cat /two\t\r");
    CHECK(keyboard.printed() == "found\n");
    keyboard.type("rpc echo Sa\t{\"text\":\"hello\"}\r");
    CHECK(keyboard.printed().find("hello") != std::string::npos);
    keyboard.type("s\t");
    CHECK(keyboard.console.read_until("eft> s", kMoment).find("service") != std::string::npos);
    keyboard.type("\x03");
    keyboard.console.read_until("^C\neft> ", kMoment);
    keyboard.type("echo two\r");
    CHECK(keyboard.printed() == "two\n");
    keyboard.type("\x1b[A\x1b[1;5Done \r");
    CHECK(keyboard.printed().ends_with("one two\n"));

    // A script's output is never cut, changed or mistaken.
    std::string bytes;
    for (int byte = 0; byte < 512; ++byte) bytes.push_back(static_cast<char>(byte));
    CHECK(system.run("cat /bytes") == bytes);
    CHECK(system.run("cat /session") == "type this:\neft> ls /\nbig.bin\neft> echo done\nno newline");
    CHECK(system.run("cat /session; cat /nosuch").ends_with("no newlinecat: /nosuch: not found\n"));
    CHECK(system.status() == 1);
    CHECK(system.run("echo " + std::string(20000, 'y')) == std::string(20000, 'y') + "\n");
    CHECK(system.run("echo " + std::string(70'000, 'z')) == "monitor: the script is too long; nothing of it was run\n");
    CHECK(system.status() == 2);
    CHECK(system.run("echo one\necho two; echo three\n") == "one\ntwo\nthree\n");
    CHECK_THROWS_AS(system.run("echo before; service kill monitor; sleep 1000; echo after"), PromptRestarted);
    CHECK(system.run("echo again") == "again\n");
    system.shut_down();
}
