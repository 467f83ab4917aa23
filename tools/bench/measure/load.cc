// Keeps the disk driver busy while it is killed: some reads are in its ring at every moment.
#include "figures.h"

#include <eft/idl/block.h>
#include <eft/ring/client.h>
#include <eft/ring/kernel_wake.h>
#include <eft/session.h>
#include <eft/shared_memory.h>

#include <algorithm>
#include <optional>

using namespace eft;
using namespace eft::bench;

namespace {

constexpr u32 kReads = 8;
constexpr u32 kSectors = 8;  // of one read
constexpr u32 kReadBytes = kSectors * 512;
constexpr u64 kWakeBit = 1;

using Ring = block::BlockRing<ring::KernelWake>;

class Load {
public:
    void start() {
        driver_.emplace(require(connect("block/0"), "no session with the driver"));
        memory_ = require(SharedMemory::create(Ring::kMemoryBytes), "no memory for the ring");
        area_ = require(SharedMemory::create(kReads * kReadBytes), "no memory for the area");
        require(ring_.create(memory_.bytes(), area_.bytes().size()), "no ring");
        const CapHandle wake = require(copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), kWakeBit), "no wake-up");
        block::Attach request;
        request.ring = memory_.object();
        request.area = area_.object();
        request.area_bytes = area_.bytes().size();
        request.wake = wake;
        auto attached = require(driver_->attach(request), "the driver does not attach");
        sectors_ = attached.sectors;
        ring_.set_wake(ring::KernelWake(CapHandle(attached.wake.release())));
        for (u32 window = 0; window < kReads; ++window) submit(window);
    }

    [[noreturn]] void run() {
        for (;;) {
            take_all();
            if (!ring_.prepare_to_sleep()) continue;
            ipc::Registers registers;
            static_cast<void>(sys::recv(slot(WellKnown::Notification), registers));
        }
    }

private:
    void take_all() {
        for (;;) {
            const auto completion = require(ring_.take_completion(), "the ring is broken");
            if (!completion) return;
            // ServiceFailed: the same read was in progress at two deaths, as the interface says.
            if (completion->status != Error::None && completion->status != Error::ServiceFailed) give_up("a read failed", completion->status);
            submit(static_cast<u32>(std::find(std::begin(tickets_), std::end(tickets_), completion->ticket) - std::begin(tickets_)));
        }
    }
    void submit(u32 window) {
        block::Read request;
        request.sector = random_.below(sectors_ / kSectors) * kSectors;
        request.count = kSectors;
        request.data = ipc::AreaSpan(area_.bytes().data(), window * kReadBytes, kReadBytes);
        tickets_[window] = require(ring_.submit_read(request), "no read can be submitted");
    }

    std::optional<block::BlockClient<>> driver_;
    SharedMemory memory_, area_;
    Ring ring_;
    u64 sectors_ = 0;
    u64 tickets_[kReads] = {};
    Random random_;
};

}  // namespace

int eft_main() {
    report_ready();
    static Load load;
    load.start();
    load.run();
}
