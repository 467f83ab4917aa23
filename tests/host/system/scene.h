// What the tests of deaths play: two clients read and write through rings, one of them through the file server, and a third
// gives orders to rs.
//
//   files ---ring---> ext2 ---ring---> disk <---ring--- sectors          orders ---> rs, spare
//
// ext2, rs and the service of the driver are the product's; the device, whose medium outlives its driver, is disk.cc. The
// clients check every answer, and report here: a Report outlives them.
#pragma once

#include "host_system.h"

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace eft::test {

constexpr unsigned kPieces = 4;   // reads of one file that are in progress side by side
constexpr unsigned kSectors = 6;  // requests of `sectors` that are in progress side by side

struct Report {
    unsigned runs = 0;      // of the program to its end
    unsigned wrong = 0;     // answers that are not true, or come twice
    unsigned given_up = 0;  // ServiceFailed: in progress at two deaths
    std::array<char, 96> last_trouble{};

    void trouble(const char* what, Error error = Error::None);
};

struct Scene {
    Report files, sectors, orders;
    std::string text, big;        // the files /text and /big
    std::vector<std::byte> disk;  // the medium: an ext2 image, and behind it kSectors for `sectors`
    u64 own_sector = 0;           // the first of these

    void forget_reports() { files = sectors = orders = {}; }
};
// The one scene of this process; made at the first use, with mke2fs.
Scene& scene();

// Main functions of the programs.
int run_disk();
int read_files();
int use_sectors();
int give_orders();

// The system with all of that; `before` as HostSystem has it.
std::unique_ptr<HostSystem> start_scene(const std::function<void(HostSystem&)>& before);

}  // namespace eft::test
