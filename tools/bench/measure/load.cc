// Keeps the disk driver busy while it is killed: some reads are in its ring at every moment.
#include "figures.h"

#include <eft/idl/block.h>
#include <eft/ring/attached_ring.h>
#include <eft/wake.h>

using namespace eft;
using namespace eft::bench;

namespace {

constexpr u32 kReads = 8;
constexpr u32 kSectors = 8;  // of one read
constexpr u32 kReadBytes = kSectors * 512;

using Disk = ring::AttachedRing<block::Block>;

Task<void> read_for_ever(Disk& disk, u64 sectors, Random& random) {
    for (;;) {
        ring::Windows::Lease window(disk.windows());
        block::Read request;
        request.sector = random.below(sectors / kSectors) * kSectors;
        request.count = kSectors;
        request.data = window.first(kReadBytes);
        auto call = disk.ring().read(request);
        Result<block::Done> done = co_await call;
        window.ended(done.error());
        // ServiceFailed: the same read was in progress at two deaths, as the interface says.
        if (!done.ok() && done.error() != Error::ServiceFailed) give_up("a read failed", done.error());
    }
}

}  // namespace

int eft_main() {
    report_ready();
    static Disk disk(kReads, kReadBytes);
    static Random random;
    const CapHandle wake = require(make_wake(), "no wake-up");
    const auto attached = require(disk.connect("block/0", wake), "the driver does not attach");
    for (u32 i = 0; i < kReads; ++i) start_detached(read_for_ever(disk, attached.sectors, random));
    for (;;) {
        if (disk.prepare_to_sleep()) wait_for_wake();
        disk.on_wake();
    }
}
