// Damaged disks in the booted system: errors, never a file server that dies or hangs.
#include "system.h"

#include <doctest/doctest.h>

#include <fstream>
#include <random>

using namespace eft::qemu;

namespace {

// Random bytes over the superblock, the group descriptors, the inode table, or the directories behind it.
void damage(const std::string& image, unsigned seed) {
    std::mt19937 random(seed);
    constexpr unsigned long kSuperblock = 1024, kDescriptors = 4096, kBehind = 8 * 4096, kTables = 64 * 4096;
    const unsigned long places[] = {kSuperblock, kDescriptors, kBehind, kTables};
    std::fstream file(image, std::ios::in | std::ios::out | std::ios::binary);
    const unsigned long start = places[seed % std::size(places)];
    for (unsigned i = 0; i < 64; ++i) {
        file.seekp(static_cast<std::streamoff>(start + random() % (start == kSuperblock ? 200 : 32768)));
        file.put(static_cast<char>(random()));
    }
    if (!file.flush()) throw std::runtime_error("cannot damage " + image);
}

}  // namespace

TEST_CASE("ten damaged disks: clear errors, and the file server lives") {
    for (unsigned seed = 0; seed < 10; ++seed) {
        CAPTURE(seed);
        const TestDisk disk(1);
        damage(disk.path(), seed);
        System system({.disk = disk.path()});
        for (const std::string command : {"ls /", "cat /hello.txt", "ls /dir", "stat /big.bin", "sha256sum /big.bin", "df"}) {
            const std::string printed = system.run(command, 30);
            const std::string name = command.substr(0, command.find(' '));
            if (system.status() == 0) continue;
            // What may have been printed before the damage was met, and then one line that says what is wrong.
            const std::size_t line = printed.rfind(name + ": ");
            CHECK_MESSAGE(line != std::string::npos, printed);
        }
        CHECK(system.services().at("ext2").restarts == 0);
        CHECK(system.services().at("ext2").state == "up");
        system.shut_down();
    }
}
