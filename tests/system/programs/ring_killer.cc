// Kills ram_block a thousand times at moments that the timer chooses, looks after each whether the next incarnation found
// requests in its rings, and compares memory and slots after the last kill with those after the tenth.
#include "sleeper.h"

#include <eft/idl/mem.h>
#include <eft/idl/rs.h>
#include <eft/process.h>
#include <eft/syscall.h>
#include <eft/text.h>

using namespace eft;
using eft::test::require;
using eft::test::Sleeper;

namespace {

constexpr u32 kKills = 1000, kSettled = 10;
constexpr u64 kShortest = 1'000'000, kMore = 1'500'000;  // ns
constexpr std::string_view kVictim = "ram_block";

struct Figures {
    u64 free, slots, spaces, objects;

    // mem's own table may have a page or two more.
    bool is_about(const Figures& other) const {
        const auto near = [](u64 a, u64 b, u64 bound) { return (a > b ? a - b : b - a) <= bound; };
        return near(free, other.free, 2) && slots == other.slots && spaces == other.spaces && objects == other.objects;
    }
};

class Killer {
public:
    void run() {
        Figures settled{};
        for (u32 kill = 1; kill <= kKills; ++kill) {
            sleeper_.sleep(kShortest + (seed_ = seed_ * 6364136223846793005 + 1442695040888963407) % kMore);
            rs::KillOrder order;
            order.name = kVictim;
            order.signal = rs::KillSignal::Kill;
            const u64 start = sys::time_stamp();
            if (!supervisor_.kill(order).ok()) panic("ram_block cannot be killed");
            wait_for_return(start);
            if (kill == kSettled) settled = figures();
        }
        const bool same = settled.is_about(figures());
        // Straight to the serial line: whoever asked the log meanwhile would use memory of its own.
        FixedText<120> line;
        line.append("ring_killer: killed ").decimal(kKills).append(" times, ").decimal(busy_).append(" with requests in its rings, ").append(same ? "nothing left" : "something left");
        line.append(", ended at ").decimal(sys::time_stamp()).append('\n');
        sys::debug_print(line.c_str());
    }

private:
    void wait_for_return(u64 start) {
        for (u32 look = 0; look < 1000; ++look) {
            sleeper_.sleep(kShortest);
            rs::Name name;
            name.name = kVictim;
            const auto phases = supervisor_.recovery(name);
            if (!phases.ok() || phases->died <= start || phases->ready == 0 || phases->first_request == 0) continue;
            busy_ += phases->first_request < phases->ready;
            return;
        }
        panic("ram_block did not come back");
    }

    // When the next incarnations are prepared.
    Figures figures() {
        sleeper_.sleep(1'500'000'000);
        const auto usage = require(memory_.info(), "mem does not answer");
        return {usage.free, usage.slots, usage.spaces, usage.objects};
    }

    Sleeper sleeper_;
    rs::RsClient<> supervisor_{CapHandle(require(granted("rs"), "the grant rs is missing"))};
    mem::MemClient<> memory_{CapHandle(slot(WellKnown::Memory))};
    u64 seed_ = 1;
    u32 busy_ = 0;
};

}  // namespace

int eft_main() {
    report_ready();
    static Killer killer;
    killer.run();
    return 0;
}
