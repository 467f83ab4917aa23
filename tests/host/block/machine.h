// A block driver that dies and comes back, its disk, and clients of it.
#pragma once

#include "world.h"

#include <drivers/block/block_server.h>
#include <drivers/ram_block/ram_disk.h>

#include <eft/state/region_commit.h>

#include <doctest/doctest.h>

#include <deque>

namespace eft::test {

// A disk that takes its time: operations end when it is told to, and it has room for few.
class SlowDisk final : public block::Backend {
public:
    static constexpr u64 kSectors = 64;
    static constexpr std::size_t kRoom = 5;

    SlowDisk(World& world, ram_block::RamDisk& contents) : world_(world), contents_(contents) {}

    block::Geometry geometry() const override { return {contents_.geometry().sectors, writable, 8}; }
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

    std::size_t in_progress() const { return begun_.size(); }
    std::size_t most_in_progress() const { return most_; }
    unsigned ends = 0;
    unsigned kicks = 0;
    bool breaks_down = false;
    bool writable = true;
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

class CommitInterface {
public:
    virtual void before_reply(u64 expected) = 0;
    virtual void after_reply() = 0;
    virtual void undo_reply() = 0;
    virtual void before_change(std::span<std::byte> bytes) = 0;

protected:
    ~CommitInterface() = default;
};

// What names answers: badges that were closed.
struct FakeNames {
    std::deque<u64> ended;
    std::vector<u64> open_badges;
    bool incomplete = false;
    std::vector<u64> answer;

    Result<names::Badges> closed() {
        answer.assign(ended.begin(), ended.end());
        ended.clear();
        names::Badges badges;
        badges.badges = answer;
        badges.incomplete = std::exchange(incomplete, false);
        return badges;
    }
    Result<names::Badges> open(const names::Badge& above) {
        answer.clear();
        for (u64 badge : open_badges)
            if (badge > above.badge) answer.push_back(badge);
        names::Badges badges;
        badges.badges = answer;
        return badges;
    }
};

// The supervisor and the server loop of one driver.
class Driver final : public ipc::LoopServices {
public:
    using Service = block::BlockService<FakePlatform>;

    explicit Driver(World& world)
        : world_(world), region_memory_(world.make_memory(World::kRegion, page_up(Service::Region::kBytes))),
          disk_memory_(SlowDisk::kSectors * block::kSectorBytes), contents_(disk_memory_) {
        for (u32& slot : page_.receive_slots) slot = ipc::local_caps().take_free_slot();
        start();
    }

    SlowDisk& disk() { return incarnation_->disk; }
    Service& service() { return incarnation_->service; }
    unsigned deaths = 0;
    bool writable = true;

    // The loop's steps.
    void wake() {
        if (world_.now.self_bits == 0) return;
        world_.now.self_bits = 0;
        serve();
    }
    void serve() {
        service().serve_rings();
        restart_if_dead();
    }
    void close_ended(FakeNames& broker) {
        service().close_ended(broker);
        service().serve_rings();
        restart_if_dead();
    }
    void kill() {
        world_.fatal_step = world_.steps;
        world_.point();
        restart_if_dead();
    }

    Error call(ipc::Registers& registers, Utcb& page, u64 badge) {
        ipc::Registers request = registers;
        request.badge = badge;
        for (unsigned i = 0; i < request.tag.caps(); ++i)
            ipc::local_caps().place(static_cast<Slot>(page_.receive_slots[i]), ipc::local_caps().object(static_cast<Slot>(page.send_slots[i])));
        std::memcpy(page_.words, page.words, sizeof page.words);
        {
            ipc::IncomingMessage message(request, page_, outgoing_);
            ipc::Context context(badge, request.tag, this);
            static_cast<void>(block::Block::dispatch(service(), context, message));
            request = message.registers;
        }
        incarnation_->commit.before_reply(replies_ + 1);
        world_.point();
        if (world_.died()) {
            restart_if_dead();
            return Error::PeerDied;
        }
        ++replies_;  // delivered
        registers = request;
        for (unsigned i = 0; i < request.tag.caps(); ++i)
            ipc::local_caps().place(static_cast<Slot>(page.receive_slots[i]), ipc::local_caps().object(static_cast<Slot>(page_.send_slots[i])));
        std::memcpy(page.words, page_.words, sizeof page.words);
        world_.point();
        incarnation_->commit.after_reply();
        outgoing_.drop();
        restart_if_dead();
        return Error::None;
    }

    Result<Slot> keep_reply() override { return Error::NotSupported; }
    void answer(Slot, ipc::Registers&) override {}
    void abandon(Slot) override {}
    Utcb& page() override { return page_; }
    void before_change(std::span<std::byte> bytes) override { incarnation_->commit.before_change(bytes); }

private:
    struct Incarnation {
        Incarnation(World& world, std::span<std::byte> memory, ram_block::RamDisk& contents, u64 replies)
            : platform(world), disk(world, contents), region(memory, block::kLayoutVersion), outcome(region.recover(replies)),
              service(region, platform, disk), commit(region.log(), service.view()) {}
        FakePlatform platform;
        SlowDisk disk;
        Service::Region region;
        RecoveryOutcome outcome;
        Service service;
        RegionCommit<CommitInterface, Service::Clients::View> commit;
    };

    void start() {
        incarnation_.reset();
        incarnation_ = std::make_unique<Incarnation>(world_, region_memory_, contents_, replies_);
        if (!world_.died()) {
            CHECK(incarnation_->outcome != RecoveryOutcome::Damaged);
            incarnation_->disk.writable = writable;
            CHECK(incarnation_->service.restore().ok());
            check_slots();
            incarnation_->service.serve_rings();
        }
        restart_if_dead();
    }
    // What an incarnation finds in its slots is what committed records name.
    void check_slots() {
        if (world_.died()) return;
        constexpr u32 kSlotsOfPlace = 4;
        const auto& clients = incarnation_->region->clients;
        for (const auto& [index, object] : world_.now.slots) {
            const u32 place = index / kSlotsOfPlace;
            CHECK((clients.badges[place] != 0 && clients.sessions[place].stage == block::Stage::Attached));
        }
    }
    void restart_if_dead() {
        if (!world_.died()) return;
        world_.reap();
        world_.fatal_step = ~u64{0};
        ++deaths;
        start();
    }

    World& world_;
    std::span<std::byte> region_memory_;
    std::vector<std::byte> disk_memory_;
    ram_block::RamDisk contents_;
    std::unique_ptr<Incarnation> incarnation_;
    Utcb page_{};
    ipc::OutgoingCaps outgoing_;
    u64 replies_ = 0;
};

struct DriverTransport {
    Driver* driver;
    u64 badge;
    std::shared_ptr<Utcb> own_page = std::make_shared<Utcb>();

    Error call(ipc::Registers& registers) {
        for (u32& slot : own_page->receive_slots) slot = ipc::local_caps().take_free_slot();
        return driver->call(registers, *own_page, badge);
    }
    Error send(ipc::Registers&) { return Error::NotSupported; }
    Error poll_send(ipc::Registers&) { return Error::NotSupported; }
    Utcb& page() { return *own_page; }
};

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
        : badge(own_badge), driver_(driver), ring_memory(world.make_memory(ring_object(), block::kRingBytes)),
          area(world.make_memory(area_object(), kAreaBytes)), client(DriverTransport{&driver, badge}), ring(WakeDriver{&world, &wake_object_}) {
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
