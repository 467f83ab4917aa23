// Kills the service that its argument names, for ever, each time at a moment that the timer chooses: `NAME SEED`. It is more important
// than the service, so that it interrupts it at any instruction. It waits until the next incarnation has started.
#include <eft/idl/rs.h>
#include <eft/idl/timer.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/panic.h>
#include <eft/process.h>
#include <eft/session.h>
#include <eft/syscall.h>
#include <eft/text.h>

using namespace eft;

namespace {

constexpr u64 kShortest = 2'000'000, kMore = 8'000'000;  // ns
constexpr u64 kLook = 1'000'000;
constexpr u32 kLooks = 10'000;
constexpr u64 kExpiredBit = 1;

template <class T>
T require(Result<T> result, const char* otherwise) {
    if (!result.ok()) panic(otherwise);
    return std::move(*result);
}

class Killer {
public:
    Killer() : timer_(require(connect("timer"), "no session with the clock")) {
        const std::string_view arguments = field_text(config().arguments);
        const std::size_t space = arguments.find(' ');
        if (space == std::string_view::npos) panic("a service and a seed are wanted");
        victim_ = arguments.substr(0, space);
        seed_ = require(parse_u64(arguments.substr(space + 1)), "the seed is no number");
        const CapHandle wake = require(copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), kExpiredBit), "no wake-up");
        timer::Attach request;
        request.wake = wake;
        static_cast<void>(require(timer_.attach(request), "the clock does not attach"));
    }

    void kill() {
        sleep(kShortest + (seed_ = seed_ * 6364136223846793005 + 1442695040888963407) / 65536 % kMore);
        rs::KillOrder order;
        order.name = victim_;
        order.signal = rs::KillSignal::Kill;
        const u64 start = sys::time_stamp();
        if (!supervisor_.kill(order).or_error().ok()) panic("the service cannot be killed");
        for (u32 look = 0; look < kLooks; ++look) {
            sleep(kLook);
            rs::Name name;
            name.name = victim_;
            const auto phases = supervisor_.recovery(name);
            if (phases.ok() && phases->died > start && phases->ready != 0) return;
        }
        panic("the service did not come back");
    }

private:
    void sleep(u64 nanoseconds) {
        timer::Arm request;
        request.deadline_ns = require(timer_.now(), "the clock").now_ns + nanoseconds;
        static_cast<void>(require(timer_.arm(request), "the clock"));
        while (require(timer_.expired(), "the clock").timers == 0) {
            ipc::Registers registers;
            static_cast<void>(sys::recv(slot(WellKnown::Notification), registers));
        }
        static_cast<void>(require(timer_.disarm({}), "the clock"));
    }

    timer::TimerServiceClient<> timer_;
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
