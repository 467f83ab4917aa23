// One of eight clients of ram_block while it is killed: keeps its ring full, checks every completion's ticket, status and
// data, and logs how many there were. A completion that cannot be right ends it with a panic, which the test sees.
#include <drivers/ram_block/ram_disk.h>

#include <eft/idl/block.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/panic.h>
#include <eft/process.h>
#include <eft/ring/client.h>
#include <eft/ring/kernel_wake.h>
#include <eft/session.h>
#include <eft/shared_memory.h>
#include <eft/text.h>

#include <optional>

using namespace eft;

namespace {

constexpr u32 kReads = 16;
constexpr u32 kBytes = 512;
constexpr u64 kWakeBit = 1;
constexpr u64 kLogEvery = 1000;
constexpr u32 kMostAgain = 100;

using Ring = block::BlockRing<ring::KernelWake>;

template <class T>
T require(Result<T> result, const char* otherwise) {
    if (!result.ok()) panic(otherwise);
    return std::move(*result);
}

class Client {
public:
    void start() {
        driver_.emplace(require(connect("ram/0"), "no session with ram_block"));
        memory_ = require(SharedMemory::create(Ring::kMemoryBytes), "no memory for the ring");
        area_ = require(SharedMemory::create(kReads * kBytes), "no memory for the area");
        if (!ring_.create(memory_.bytes(), area_.bytes().size()).ok()) panic("no ring");
        const CapHandle wake = require(copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), kWakeBit), "no wake-up");
        block::Attach request;
        request.ring = memory_.object();
        request.area = area_.object();
        request.area_bytes = area_.bytes().size();
        request.wake = wake;
        auto attached = require(attach(request), "ram_block does not attach");
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
    // Deaths come every few milliseconds. A request that was in progress at two is given up by the stub, and is asked again.
    Result<block::Attached> attach(const block::Attach& request) {
        auto attached = driver_->attach(request);
        for (u32 again = 0; attached.error() == Error::ServiceFailed && again < kMostAgain; ++again) attached = driver_->attach(request);
        return attached;
    }

    void take_all() {
        for (;;) {
            const auto completion = require(ring_.take_completion(), "the ring is broken");
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
            std::memcpy(&word, area_.bytes().data() + window * kBytes + index * sizeof(word), sizeof(word));
            if (word != ram_block::pattern(asked_[window], index)) panic("the data is wrong");
        }
    }
    void submit(u32 window) {
        std::memset(area_.bytes().data() + window * kBytes, 0, kBytes);
        asked_[window] = (sector_ += 37) % sectors_;
        block::Read request;
        request.sector = asked_[window];
        request.count = 1;
        request.data = ipc::AreaSpan(area_.bytes().data(), window * kBytes, kBytes);
        tickets_[window] = require(ring_.submit_read(request), "no read can be submitted");
    }

    std::optional<block::BlockClient<>> driver_;
    SharedMemory memory_, area_;
    Ring ring_;
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
