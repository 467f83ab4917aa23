// One of eight clients of ram_block while it is killed: keeps its ring full, checks every completion's ticket, status and
// data, and logs how many there were. A completion that cannot be right ends it with a panic, which the test sees.
#include <drivers/ram_block/ram_disk.h>

#include <eft/idl/block.h>
#include <eft/panic.h>
#include <eft/process.h>
#include <eft/ring/attached_ring.h>
#include <eft/text.h>
#include <eft/wake.h>

#include <cstring>

using namespace eft;

namespace {

constexpr u32 kReads = 16;
constexpr u32 kBytes = 512;
constexpr u64 kLogEvery = 1000;
constexpr u32 kMostAgain = 100;

template <class T>
T require(Result<T> result, const char* otherwise) {
    if (!result.ok()) panic(otherwise);
    return std::move(*result);
}

class Client {
public:
    void start() {
        wake_ = require(make_wake(), "no wake-up");
        const auto attached = require(attach(), "ram_block does not attach");
        sectors_ = attached.sectors;
        for (u32 window = 0; window < kReads; ++window) submit(window);
    }

    [[noreturn]] void run() {
        for (;;) {
            take_all();
            if (disk_.prepare_to_sleep()) wait_for_wake();
            disk_.on_wake();
        }
    }

private:
    // Deaths come every few milliseconds. A request that was in progress at two is given up by the stub, and is asked again.
    Result<block::Attached> attach() {
        auto attached = disk_.connect("ram/0", wake_);
        for (u32 again = 0; attached.error() == Error::ServiceFailed && again < kMostAgain; ++again) attached = disk_.connect("ram/0", wake_);
        return attached;
    }

    void take_all() {
        for (;;) {
            const auto completion = require(disk_.ring().take_completion(), "the ring is broken");
            if (!completion) return;
            u32 window = 0;
            while (window < kReads && tickets_[window] != completion->ticket) ++window;
            if (window == kReads) panic("an answer to no request, or a second answer");
            if (completion->status == Error::None) {
                check(window);
                ++answered_;
            } else if (completion->status == Error::ServiceFailed) {
                ++given_up_;  // in progress at two deaths, as the interface says
            } else {
                panic("a read failed");
            }
            if ((answered_ + given_up_) % kLogEvery == 0) {
                FixedText<80> line;
                log(line.append("answered ").decimal(answered_).append(" given up ").decimal(given_up_).view());
            }
            submit(window);
        }
    }
    void check(u32 window) {
        for (u32 index = 0; index < kBytes / sizeof(u64); ++index) {
            u64 word;
            std::memcpy(&word, disk_.area().data() + window * kBytes + index * sizeof(word), sizeof(word));
            if (word != ram_block::pattern(asked_[window], index)) panic("the data is wrong");
        }
    }
    void submit(u32 window) {
        std::memset(disk_.area().data() + window * kBytes, 0, kBytes);
        asked_[window] = (sector_ += 37) % sectors_;
        block::Read request;
        request.sector = asked_[window];
        request.count = 1;
        request.data = ipc::AreaSpan(disk_.area().data(), window * kBytes, kBytes);
        tickets_[window] = require(disk_.ring().submit_read(request), "no read can be submitted");
    }

    CapHandle wake_;
    ring::AttachedRing<block::Block> disk_{kReads, kBytes};
    u64 sectors_ = 0, sector_ = 0, answered_ = 0, given_up_ = 0;
    u64 tickets_[kReads] = {}, asked_[kReads] = {};
};

}  // namespace

int eft_main() {
    report_ready();
    static Client client;
    client.start();
    client.run();
}
