// The driver of the scene's disk: the product's service Block, over a device whose medium outlives it. As with a real device
// an operation ends some time after it was begun, with an interrupt; what was begun and has not ended dies with the driver.
#include "scene.h"

#include <drivers/block/block_server.h>

#include <eft/run_server.h>

#include <cstring>

namespace eft::test {

namespace {

constexpr u64 kInterruptBit = 1;
constexpr u32 kMaxCount = 128;
constexpr u32 kQueueSize = 4;

class Disk final : public block::Backend {
public:
    explicit Disk(CapHandle interrupt) : interrupt_(std::move(interrupt)) {}

    block::Geometry geometry() const override { return {scene().disk.size() / block::kSectorBytes, true, kMaxCount}; }
    Status open_area(u32, Slot, u64) override { return {}; }
    void close_area(u32) override {}
    Result<block::Progress> begin(u32 number, const block::Operation& operation) override {
        if (begun_ == kQueueSize) return Error::Busy;
        queue_[begun_++] = {number, operation};
        return block::Progress::Begun;
    }
    void kick() override {
        if (begun_ != ended_) sys::signal(interrupt_.slot());
    }
    void woken(u64 bits) override {
        if (bits & kInterruptBit) ended_ = begun_;
    }
    Result<std::optional<block::Ended>> next_ended() override {
        if (ended_ == 0) return std::optional<block::Ended>();
        const Entry entry = queue_[0];
        std::move(queue_.begin() + 1, queue_.begin() + begun_, queue_.begin());
        --begun_;
        --ended_;
        transfer(entry.operation);
        return std::optional(block::Ended{entry.number, Error::None});
    }

private:
    struct Entry {
        u32 number = 0;
        block::Operation operation;
    };

    static void transfer(const block::Operation& operation) {
        std::byte* const place = scene().disk.data() + operation.sector * block::kSectorBytes;
        if (operation.kind == block::OperationKind::Read) std::memcpy(operation.data.data(), place, operation.data.size());
        if (operation.kind == block::OperationKind::Write) std::memcpy(place, operation.data.data(), operation.data.size());
    }

    CapHandle interrupt_;
    std::array<Entry, kQueueSize> queue_;
    u32 begun_ = 0;  // in the queue
    u32 ended_ = 0;  // of these: the first ones
};

}  // namespace

int run_disk() {
    auto interrupt = make_wake(kInterruptBit);
    if (!interrupt.ok()) panic("disk: no interrupt");
    static EFT_PROCESS_LOCAL Disk disk(std::move(*interrupt));
    run_server<block::Server>(block::kLayoutVersion, disk);
}

}  // namespace eft::test
