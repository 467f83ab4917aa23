// Everything around a server that outlives it, on the host: persistent slots, memory objects, signals, and the state
// region. A death can strike at each store, and wherever the kernel would be called: what there is is copied at that moment; the incarnation runs on as a
// ghost, and what it does after its death is forgotten when the copy is put back.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>
#include <eft/ipc/local_caps.h>
#include <eft/state/stateful_server.h>

#include <fake_slots.h>

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
    static constexpr u64 kWakeBase = u64{1} << 62;  // objects made by make_wake(): kWakeBase + bits

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
    unsigned mapped = 0;   // mappings of the living incarnation
    unsigned reports = 0;  // lines in its log

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

// Of a StatefulServer in it.
class WorldSlots final : public FakeSlots {
public:
    explicit WorldSlots(World& world) : FakeSlots(world.now.slots, world.now.signals, [] { World::current->point(); }) {}
};

}  // namespace eft::test
