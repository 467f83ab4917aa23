// Everything around a block driver that outlives it, on the host: persistent slots, memory objects, signals, and the
// state region. A death can strike at each step: what there is is copied at that moment; the incarnation runs on as a
// ghost, and what it does after its death is forgotten when the copy is put back.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>
#include <eft/ipc/local_caps.h>
#include <eft/state/stores.h>

#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace eft::test {

struct Contents {
    std::map<u32, u64> slots;       // persistent slot -> object
    std::map<u64, unsigned> signals;  // object -> how often
    u64 self_bits = 0;
    std::map<u64, std::vector<std::byte>> memory;
};

class World {
public:
    static constexpr u64 kRegion = 1;  // the state region is memory object 1
    static constexpr u64 kWakeBase = 1'000'000;  // objects made by make_wake: kWakeBase + bits

    World() {
        current = this;
        host::store_hook.before = [] { current->point(); };
    }
    ~World() {
        host::store_hook = {};
        current = nullptr;
    }
    static inline World* current = nullptr;

    std::span<std::byte> make_memory(u64 object, u64 bytes) {
        auto& made = memory_[object];
        made.bytes = bytes;
        made.data.reset(static_cast<std::byte*>(::operator new(bytes, std::align_val_t{4096})));
        std::memset(made.data.get(), 0, bytes);
        return {made.data.get(), bytes};
    }
    std::span<std::byte> memory(u64 object) {
        const auto found = memory_.find(object);
        return found == memory_.end() ? std::span<std::byte>() : std::span(found->second.data.get(), found->second.bytes);
    }

    // Places at which a death could strike.
    u64 steps = 0;
    u64 fatal_step = ~u64{0};
    void point() {
        if (steps++ != fatal_step || left_) return;
        left_ = now;
        for (auto& [object, each] : memory_) left_->memory[object].assign(each.data.get(), each.data.get() + each.bytes);
    }
    bool died() const { return left_.has_value(); }
    void reap() {
        for (auto& [object, bytes] : left_->memory) std::memcpy(memory_[object].data.get(), bytes.data(), bytes.size());
        left_->memory.clear();
        now = *left_;
        left_.reset();
    }

    Contents now;
    unsigned mapped = 0;  // mappings of the living incarnation

private:
    struct Free {
        void operator()(std::byte* data) const { ::operator delete(data, std::align_val_t{4096}); }
    };
    struct Memory {
        std::unique_ptr<std::byte[], Free> data;
        u64 bytes = 0;
    };
    std::map<u64, Memory> memory_;
    std::optional<Contents> left_;
};

// The kernel as drivers/block sees it.
class FakePlatform {
public:
    explicit FakePlatform(World& world) : world_(world) {}

    class Mapping {
    public:
        Mapping() = default;
        Mapping(World& world, std::span<std::byte> bytes) : world_(&world), bytes_(bytes) { ++world.mapped; }
        Mapping(Mapping&& other) noexcept { *this = std::move(other); }
        Mapping& operator=(Mapping&& other) noexcept {
            std::swap(world_, other.world_);
            std::swap(bytes_, other.bytes_);
            return *this;
        }
        ~Mapping() {
            if (world_) --world_->mapped;
        }
        std::span<std::byte> bytes() const { return bytes_; }

    private:
        World* world_ = nullptr;
        std::span<std::byte> bytes_;
    };

    bool last_end_ordered() const { return false; }
    // A persistent slot, as a capability of the fake table.
    Slot at(u32 index) {
        const Slot slot{kFirst + index};
        const auto found = world_.now.slots.find(index);
        if (found != world_.now.slots.end()) ipc::local_caps().place(slot, found->second);
        return slot;
    }
    Status keep(u32 index, Slot received) {
        world_.point();
        world_.now.slots[index] = ipc::local_caps().object(received);
        ipc::local_caps().drop(received);
        world_.point();
        return {};
    }
    Status make_wake(u32 index, u64 bits) {
        world_.point();
        world_.now.slots[index] = World::kWakeBase + bits;
        return {};
    }
    void remove(u32 index) {
        world_.point();
        world_.now.slots.erase(index);
    }
    void signal(u32 index) {
        world_.point();
        if (const auto found = world_.now.slots.find(index); found != world_.now.slots.end()) ++world_.now.signals[found->second];
        world_.point();
    }
    void wake_self(u64 bits) { world_.now.self_bits |= bits; }
    Result<Mapping> map(Slot object, u64 bytes) {
        world_.point();
        const auto memory = world_.memory(ipc::local_caps().object(object));
        if (memory.empty()) return Error::NotFound;
        if (memory.size() < bytes) return Error::OutOfRange;
        return Mapping(world_, memory.first(bytes));
    }
    void report(std::string_view) { ++reports; }
    unsigned reports = 0;

private:
    static constexpr u32 kFirst = 10'000'000;
    World& world_;
};

}  // namespace eft::test
