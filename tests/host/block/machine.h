// A block driver that dies and comes back, its disk, and clients of it.
#pragma once

#include <mortal_service.h>

#include <drivers/block/block_server.h>
#include <drivers/ram_block/ram_disk.h>

#include <doctest/doctest.h>

namespace eft::test {

// A disk that takes its time: operations end when it is told to, and it has room for few.
class SlowDisk final : public block::Backend {
public:
    static constexpr u64 kSectors = 64;
    static constexpr std::size_t kRoom = 5;

    SlowDisk(World& world, ram_block::RamDisk& contents) : world_(world), contents_(contents) {}

    block::Geometry geometry() const override { return {contents_.geometry().sectors, writable, 8, block}; }
    Status open_area(u32 area, Slot, u64) override {
        world_.point();
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
        world_.point();
        if (begun_.size() == kRoom) return Error::Busy;
        if (operation.sector == failing_sector && operation.count != 0) return Error::DeviceError;
        begun_.push_back({number, operation});
        most_ = std::max(most_, begun_.size());
        return block::Progress::Begun;
    }
    void kick() override { ++kicks; }
    Result<std::optional<block::Ended>> next_ended() override {
        if (std::exchange(breaks_down, false)) {
            begun_.clear();
            return Error::ProtocolViolation;
        }
        if (ends == 0 || begun_.empty()) return std::optional<block::Ended>();
        --ends;
        // The youngest first: completions have no order.
        const auto done = begun_.back();
        begun_.pop_back();
        if (done.operation.kind != block::OperationKind::Flush) static_cast<void>(contents_.begin(0, done.operation));
        return std::optional(block::Ended{done.number, Error::None});
    }

    // Of a driver that died.
    void forget() {
        begun_.clear();
        ends = 0;
        std::fill(std::begin(open_), std::end(open_), false);
    }
    std::size_t in_progress() const { return begun_.size(); }
    std::size_t most_in_progress() const { return most_; }
    unsigned ends = 0;
    unsigned kicks = 0;
    bool breaks_down = false;
    bool writable = true;
    u32 block = 1;
    u64 failing_sector = ~u64{0};

private:
    struct Begun {
        u32 number;
        block::Operation operation;
    };
    World& world_;
    ram_block::RamDisk& contents_;
    std::vector<Begun> begun_;
    std::size_t most_ = 0;
    bool open_[block::kSessions] = {};
};

// The driver with its disk. What the disk has begun is gone with the incarnation.
class Driver {
public:
    using Service = MortalService<block::Server>;

    explicit Driver(World& world)
        : disk_memory_(SlowDisk::kSectors * block::kSectorBytes), contents_(disk_memory_), disk_(world, contents_),
          service_(world, block::kLayoutVersion, disk_) {
        service_.on_death = [this] { disk_.forget(); };
    }

    SlowDisk& disk() { return disk_; }
    Service& service() { return service_; }
    unsigned deaths() const { return service_.deaths; }
    void wake() { service_.wake(); }
    void serve() { service_.serve(); }
    void close_ended() { service_.close_ended(); }
    void kill() { service_.kill(); }

private:
    std::vector<std::byte> disk_memory_;
    ram_block::RamDisk contents_;
    SlowDisk disk_;
    Service service_;
};
using DriverTransport = MortalTransport<Driver::Service>;

// A client: its memory objects are numbered by its badge.
class DiskClient {
public:
    static constexpr u64 kAreaBytes = 16 * kPageSize;

    struct WakeDriver {
        World* world;
        u64* object;
        void signal() {
            if (*object >= World::kWakeBase) world->now.self_bits |= *object - World::kWakeBase;
        }
    };

    DiskClient(World& world, Driver& driver, u64 own_badge)
        : badge(own_badge), driver_(driver), ring_memory(world.make_memory(ring_object(), page_up(decltype(ring)::kMemoryBytes))),
          area(world.make_memory(area_object(), kAreaBytes)), client(DriverTransport{&driver.service(), badge}), ring(WakeDriver{&world, &wake_object_}) {
        REQUIRE(ring.create(ring_memory, kAreaBytes).ok());
    }

    u64 ring_object() const { return badge * 10 + 1; }
    u64 area_object() const { return badge * 10 + 2; }
    u64 wake_object() const { return badge * 10 + 3; }

    Result<block::Attached> attach() {
        auto& caps = ipc::local_caps();
        block::Attach request;
        request.ring = request.ring.owning(caps.create(ring_object()));
        request.area = request.area.owning(caps.create(area_object()));
        request.wake = request.wake.owning(caps.create(wake_object()));
        request.area_bytes = kAreaBytes;
        auto attached = client.attach(request);
        if (attached.ok()) {
            const ipc::LocalHandle wake(attached->wake.release());
            wake_object_ = caps.object(wake.slot());
        }
        return attached;
    }

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

    u64 badge;

private:
    Driver& driver_;
    u64 wake_object_ = 0;

public:
    std::span<std::byte> ring_memory, area;
    block::BlockClient<DriverTransport> client;
    block::BlockRing<WakeDriver> ring;
};

}  // namespace eft::test
