// Kills ram_block a thousand times at moments that the timer chooses, looks after each whether the next incarnation found
// requests in its rings, and compares memory and slots after the last kill with those after the tenth.
#include <eft/idl/mem.h>
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

constexpr u32 kKills = 1000, kSettled = 10;
constexpr u64 kShortest = 1'000'000, kMore = 1'500'000;  // ns
constexpr u64 kExpiredBit = 1;
constexpr std::string_view kVictim = "ram_block";

template <class T>
T require(Result<T> result, const char* otherwise) {
    if (!result.ok()) panic(otherwise);
    return std::move(*result);
}

struct Figures {
    u64 free, slots, spaces, objects;
    bool operator==(const Figures&) const = default;
};

class Killer {
public:
    Killer() : timer_(require(connect("timer"), "no session with the clock")) {
        const CapHandle wake = require(copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), kExpiredBit), "no wake-up");
        timer::Attach request;
        request.wake = wake;
        static_cast<void>(require(timer_.attach(request), "the clock does not attach"));
    }

    void run() {
        Figures settled{};
        for (u32 kill = 1; kill <= kKills; ++kill) {
            sleep(kShortest + (seed_ = seed_ * 6364136223846793005 + 1442695040888963407) % kMore);
            rs::KillOrder order;
            order.name = kVictim;
            order.signal = rs::KillSignal::Kill;
            const u64 start = sys::time_stamp();
            if (!supervisor_.kill(order).or_error().ok()) panic("ram_block cannot be killed");
            wait_for_return(start);
            if (kill == kSettled) settled = figures();
        }
        const bool same = settled == figures();
        // Straight to the serial line: whoever asked the log meanwhile would use memory of its own.
        FixedText<120> line;
        line.append("ring_killer: killed ").decimal(kKills).append(" times, ").decimal(busy_).append(" with requests in its rings, ").append(same ? "nothing left" : "something left");
        line.append(", ended at ").decimal(sys::time_stamp()).append('\n');
        sys::debug_print(line.c_str());
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

    void wait_for_return(u64 start) {
        for (u32 look = 0; look < 1000; ++look) {
            sleep(kShortest);
            rs::Name name;
            name.name = kVictim;
            const auto phases = supervisor_.recovery(name);
            if (!phases.ok() || phases->died <= start || phases->ready == 0 || phases->first_request == 0) continue;
            busy_ += phases->first_request < phases->ready;
            return;
        }
        panic("ram_block did not come back");
    }

    Figures figures() {
        const auto usage = require(memory_.info(), "mem does not answer");
        return {usage.free, usage.slots, usage.spaces, usage.objects};
    }

    timer::TimerServiceClient<> timer_;
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
