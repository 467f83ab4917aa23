// `ls` of large directories.
#include "system.h"

#include <temporary.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

using namespace eft::qemu;

namespace {

constexpr int kSeconds = 250;

std::string name_of(unsigned number) { return "file" + std::to_string(1'000'000 + number); }

// Folders /500, /2000 …, with so many files.
std::string disk_with(const TemporaryFolder& folder, std::initializer_list<unsigned> sizes) {
    for (const unsigned size : sizes)
        for (unsigned i = 0; i < size; ++i) std::ofstream(folder.write("files/" + std::to_string(size) + "/" + name_of(i), ""));
    const std::string image = folder.path() + "/disk.img";
    make_ext2_image(folder.path() + "/files", image, 64, 1024);
    return image;
}

struct Listed {
    double seconds_each;
    std::vector<std::string> names = {};
};

Listed list(System& system, const std::string& command, unsigned size) {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    const std::string output = system.run(command + " /" + std::to_string(size), kSeconds);
    Listed listed{std::chrono::duration<double>(Clock::now() - begin).count() / size};
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) listed.names.push_back(line.substr(line.rfind(' ') + 1));
    return listed;
}

}  // namespace

TEST_CASE("a directory's listing is whole, and its cost grows with the number of entries, not its square") {
    constexpr unsigned kSmall = 1000, kLarge = 9000, kMostSorted = 8192;  // Names::kMost
    constexpr unsigned kRounds = 3;  // the machine that runs this test may be busy now and then
    const TemporaryFolder folder;
    System system({.disk = disk_with(folder, {kSmall, kLarge})});
    for (const std::string command : {"ls", "ls -l"}) {
        CAPTURE(command);
        double each[] = {1, 1};
        for (unsigned round = 0; round < kRounds; ++round)
            for (const unsigned size : {kSmall, kLarge}) {
                CAPTURE(size);
                Listed listed = list(system, command, size);
                REQUIRE(listed.names.size() == size);
                if (size < kMostSorted) CHECK(std::is_sorted(listed.names.begin(), listed.names.end()));
                std::sort(listed.names.begin(), listed.names.end());
                for (unsigned i = 0; i < size; ++i) REQUIRE(listed.names[i] == name_of(i));
                double& best = each[size == kLarge];
                best = std::min(best, listed.seconds_each);
            }
        CHECK(each[1] < 3 * each[0]);  // its square: nine times
    }
    const auto before = system.free();
    system.run("ls -l /" + std::to_string(kLarge), kSeconds);
    CHECK(system.free().at("USED_KIB") <= before.at("USED_KIB") + 64);
    system.shut_down();
}
