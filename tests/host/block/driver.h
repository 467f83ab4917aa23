// A block driver on a Stage, its disk, and clients of it.
#pragma once

#include <memory_server.h>
#include <ring_session.h>
#include <scripted_names.h>
#include <stage_case.h>

#include <drivers/block/block_server.h>
#include <drivers/ram_block/ram_disk.h>

namespace eft::test {

// A disk that takes its time: operations end when it is told to, and it has room for few.
class SlowDisk final : public block::Backend {
public:
    static constexpr u64 kSectors = 64;
    static constexpr std::size_t kRoom = 5;

    block::Geometry geometry() const override { return {contents_.geometry().sectors, writable, 8, block}; }
    bool device_moves_data() const override { return moves_data; }
    Status open_area(u32 area, Slot object, u64 bytes) override {
        host::before_store();  // a death can strike here
        // As dev finds it when it pins.
        if (moves_data) EFT_CHECK(Status(SharedMemory::borrow(object, bytes).error()));
        CHECK(!open_[area]);
        open_[area] = true;
        return {};
    }
    void close_area(u32 area) override {
        CHECK(open_[area]);
        for (const auto& each : begun_) CHECK(each.operation.area != area);
        open_[area] = false;
    }
    Result<block::Progress> begin(u32 number, const block::Operation& operation) override {
        host::before_store();  // a death can strike here
        if (begun_.size() == kRoom) return Error::Busy;
        if (operation.sector == failing_sector && operation.count != 0) return Error::DeviceError;
        begun_.push_back({number, operation});
        most_ = std::max(most_, begun_.size());
        return block::Progress::Begun;
    }
    void kick() override { ++kicks; }
    Result<std::optional<block::Ended>> next_ended() override {
        if (std::exchange(breaks_down, false)) {
            ++resets;
            begun_.clear();
            return Error::ProtocolViolation;
        }
        if (ends == 0 || begun_.empty()) return std::optional<block::Ended>();
        --ends;
        // The youngest first: completions have no order.
        const auto done = begun_.back();
        begun_.pop_back();
        if (done.operation.kind != block::OperationKind::Flush && !moves_data) static_cast<void>(contents_.begin(0, done.operation));
        return std::optional(block::Ended{done.number, Error::None});
    }

    void give_up() override { breaks_down = true; }

    // Of a driver that died.
    void forget() {
        begun_.clear();
        ends = 0;
        std::fill(std::begin(open_), std::end(open_), false);
    }
    std::size_t in_progress() const { return begun_.size(); }
    std::size_t most_in_progress() const { return most_; }
    unsigned ends = 0;
    unsigned kicks = 0, resets = 0;
    bool breaks_down = false;
    bool writable = true;
    bool moves_data = false;  // to be set before the driver starts
    u32 block = 1;
    u64 failing_sector = ~u64{0};

private:
    struct Begun {
        u32 number;
        block::Operation operation;
    };
    std::vector<std::byte> memory_ = std::vector<std::byte>(kSectors * block::kSectorBytes);
    ram_block::RamDisk contents_{memory_};
    std::vector<Begun> begun_;
    std::size_t most_ = 0;
    bool open_[block::kSessions] = {};
};

struct DiskScene {
    static constexpr u64 kInterrupt = 1;

    Stage& stage;
    MemoryServer memory{stage};
    SlowDisk disk{};
    // What the disk has begun is gone with the incarnation.
    Program& driver = stage.add("driver", [this]() -> int {
        disk.forget();
        run_server<block::Server>(block::kLayoutVersion, disk);
    }, {.priority = Stage::kServerPriority, .state_bytes = page_up(block::Server::Region::kBytes)});
    ScriptedNames names{stage, driver};

    // The disk ends so many operations, and tells the driver.
    void interrupt(unsigned ends = 0) {
        disk.ends = ends;
        stage.signal(driver, kInterrupt);
    }
    // A heartbeat comes after so long. The disk ends so many operations by then, and has not said so.
    void beat_after(u64 seconds, unsigned ends = 0) {
        disk.ends = ends;
        test::beat_after(stage, driver, seconds);
    }
    // Lets the disk end what it has.
    void run(int rounds = 60) {
        for (int i = 0; i < rounds; ++i) interrupt(3);
    }
    // Clients whose memory the driver has mapped; none if it has only a part.
    u64 mapped_clients();
};

class DiskClient : public RingSession<block::Block, 16 * kPageSize> {
public:
    DiskClient(DiskScene& scene, u64 own_badge) : RingSession(scene.stage, scene.driver, own_badge) {}

    Result<u64> submit_read(u64 sector, u32 count, u32 offset) {
        block::Read request;
        request.sector = sector;
        request.count = count;
        request.data = ipc::AreaSpan(area.data(), offset, static_cast<u32>(count * block::kSectorBytes));
        return ring.submit_read(request);
    }
    bool holds(u64 sector, u32 count, u32 offset) const {
        for (u32 i = 0; i < count; ++i)
            for (u32 word = 0; word < 64; ++word) {
                u64 value;
                std::memcpy(&value, area.data() + offset + i * block::kSectorBytes + word * 8, 8);
                if (value != ram_block::pattern(sector + i, word)) return false;
            }
        return true;
    }
};

inline u64 DiskScene::mapped_clients() {
    constexpr u64 kEach = (page_up(DiskClient::Ring::kMemoryBytes) + DiskClient::kAreaBytes) / kPageSize;
    const u64 pages = memory.mapped_pages(driver);
    return pages % kEach == 0 ? pages / kEach : 0;
}

}  // namespace eft::test
