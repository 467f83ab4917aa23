// Damaged disks in the booted system: errors, never a file server that dies or hangs.
#include "system.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
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

void patch(const std::string& image, std::size_t at, const std::string& bytes) {
    std::fstream file(image, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) throw std::runtime_error("cannot change " + image);
}

// The place of the entry of a regular file with this name in the image's directories.
std::size_t entry_of(const std::string& image, const std::string& name) {
    std::ifstream file(image, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    const std::size_t found = bytes.find(std::string{static_cast<char>(name.size()), '\1'} + name);
    REQUIRE(found != std::string::npos);
    return found - 6;
}

}  // namespace

TEST_CASE("a disk that cannot be mounted, or a directory that is damaged: the prompt says why") {
    constexpr std::size_t kSuperblock = 1024;
    struct Bad {
        void (*spoil)(const std::string& image);
        std::string reason;
    };
    const Bad bads[] = {
        {[](const std::string& image) { patch(image, kSuperblock + 96, "\x42"); },  // s_feature_incompat: filetype, extents
         "superblock: incompatible features that are not supported: extents"},
        {[](const std::string& image) {
             patch(image, kSuperblock, std::string(1024, '\0'));
             patch(image, 450, "\x83");  // the type of the first partition
             patch(image, 510, "\x55\xaa");
         },
         "the disk has a partition table (MBR), and partitions are not read"},
    };
    for (const Bad& bad : bads) {
        const TestDisk disk(1);
        bad.spoil(disk.path());
        System system({.disk = disk.path()});
        const std::string told = ": not supported (" + bad.reason + ")\n";
        CHECK(system.run("ls /; echo $?") == "ls: /" + told + "1\n");
        CHECK(system.run("cat /hello.txt; df") == "cat: /hello.txt" + told + "df: /" + told);
        const std::string explained = system.run("rpc file/0 Stat {\"path\": \"/\"}; rpc file/0 Explain");
        CHECK_MESSAGE(explained.find("\"text\": \"" + bad.reason + "\"") != std::string::npos, explained);
        system.shut_down();
    }
    const TestDisk disk(1);
    patch(disk.path(), entry_of(disk.path(), "hello.txt") + 4, std::string("\3\0", 2));  // the entry's length
    System system({.disk = disk.path()});
    const std::string listing = system.run("ls /; echo $?");
    CHECK_MESSAGE(listing.find("ls: /: a part of the directory is damaged (directory inode 2: entry at ") != std::string::npos, listing);
    CHECK_MESSAGE(listing.find("record length 3 is impossible)\n") != std::string::npos, listing);
    CHECK_MESSAGE(listing.find("\nbig.bin\n") != std::string::npos, listing);
    CHECK(listing.ends_with("\n1\n"));
    system.shut_down();
}

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
