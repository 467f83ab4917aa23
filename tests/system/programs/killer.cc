// Kills the service that its argument names, for ever, each time at a moment that the timer chooses: `NAME SEED`. It is more important
// than the service, so that it interrupts it at any instruction. It waits until the next incarnation has started.
#include "sleeper.h"

#include <eft/idl/rs.h>
#include <eft/process.h>
#include <eft/syscall.h>
#include <eft/text.h>

using namespace eft;
using eft::test::require;
using eft::test::Sleeper;

namespace {

constexpr u64 kShortest = 2'000'000, kMore = 8'000'000;  // ns
constexpr u64 kLook = 1'000'000;
constexpr u32 kLooks = 10'000;

class Killer {
public:
    Killer() {
        const std::string_view arguments = field_text(config().arguments);
        const std::size_t space = arguments.find(' ');
        if (space == std::string_view::npos) panic("a service and a seed are wanted");
        victim_ = arguments.substr(0, space);
        seed_ = require(parse_u64(arguments.substr(space + 1)), "the seed is no number");
    }

    void kill() {
        sleeper_.sleep(kShortest + (seed_ = seed_ * 6364136223846793005 + 1442695040888963407) / 65536 % kMore);
        rs::KillOrder order;
        order.name = victim_;
        order.signal = rs::KillSignal::Kill;
        const u64 start = sys::time_stamp();
        if (!supervisor_.kill(order).ok()) panic("the service cannot be killed");
        for (u32 look = 0; look < kLooks; ++look) {
            sleeper_.sleep(kLook);
            rs::Name name;
            name.name = victim_;
            const auto phases = supervisor_.recovery(name);
            if (phases.ok() && phases->died > start && phases->ready != 0) return;
        }
        panic("the service did not come back");
    }

private:
    Sleeper sleeper_;
    rs::RsClient<> supervisor_{CapHandle(require(granted("rs"), "the grant rs is missing"))};
    std::string_view victim_;
    u64 seed_ = 0;
};

}  // namespace

int eft_main() {
    report_ready();
    static Killer killer;
    for (;;) killer.kill();
}
