// Keeps the disk driver busy while it is killed: some reads are in its ring at every moment.
#include "figures.h"

#include <eft/idl/block.h>
#include <eft/ring/attached_ring.h>
#include <eft/wake.h>

#include <algorithm>

using namespace eft;
using namespace eft::bench;

namespace {

constexpr u32 kReads = 8;
constexpr u32 kSectors = 8;  // of one read
constexpr u32 kReadBytes = kSectors * 512;

class Load {
public:
    void start() {
        wake_ = require(make_wake(), "no wake-up");
        const auto attached = require(disk_.connect("block/0", wake_), "the driver does not attach");
        sectors_ = attached.sectors;
        for (u32 window = 0; window < kReads; ++window) submit(window);
    }

    [[noreturn]] void run() {
        for (;;) {
            take_all();
            if (disk_.prepare_to_sleep()) wait_for_wake();
        }
    }

private:
    void take_all() {
        for (;;) {
            const auto completion = require(disk_.ring().take_completion(), "the ring is broken");
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
        request.data = ipc::AreaSpan(disk_.area().data(), window * kReadBytes, kReadBytes);
        tickets_[window] = require(disk_.ring().submit_read(request), "no read can be submitted");
    }

    CapHandle wake_;
    ring::AttachedRing<block::Block> disk_{kReads, kReadBytes};
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
