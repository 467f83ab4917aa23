// A model of what proc uses: mem, capabilities as entries of tables, threads. It can be told to fail at the Nth step.
#pragma once

#include <proc/effects.h>
#include <proc/memory.h>

#include <eft/layout.h>
#include <eft/service_config.h>

#include <cstddef>
#include <cstring>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eft::processes::test {

enum class Thing { Table, Notification, Memory, Session, Thread, Exceptions, ProcessSession };

class FakeEnvironment {
public:
    FakeEnvironment() { current_ = this; }
    ~FakeEnvironment() { current_ = nullptr; }
    FakeEnvironment(const FakeEnvironment&) = delete;
    // The one that there is.
    static FakeEnvironment* current() { return current_; }

    // What the test sets up and looks at.
    Slot put(Thing thing) {
        const Slot slot{next_++};
        own[slot] = thing;
        return slot;
    }
    void fail_at(unsigned step) { steps_left_ = static_cast<int>(step); }
    void never_fail() { steps_left_ = -1; }
    bool failed() const { return steps_left_ == -2; }

    std::map<Slot, Thing> own;                      // proc's table
    std::map<u32, Thing> table;                     // the process's
    std::map<u32, std::vector<mem::Image>> spaces;  // with the images loaded
    std::vector<std::pair<Slot, u32>> signals;
    effects::StartRegisters started{};
    u8 priority = 0;
    bool running = false;
    kernel_object::ThreadInfo thread = stopped_at(0x40'0020, 0x0fff'efe8, 17);
    std::vector<u64> stack;
    TraceMemory trace{};
    u32 cleared = 0;
    std::string files;

    // What proc's logic calls.
    std::span<const std::byte> archive() const {
        return {reinterpret_cast<const std::byte*>(files.data()), files.size()};
    }
    Result<NewSpace> create_space(u32 quota) {
        if (fails() || quota == 0) return Error::OutOfMemory;
        spaces[++last_space_] = {};
        return NewSpace{last_space_, put(Thing::Session)};
    }
    // As mem does it: its capabilities vanish from every table.
    void destroy_space(u32 id) {
        spaces.erase(id);
        running = false;
        std::erase_if(
            own, [](const auto& entry) { return entry.second == Thing::Session || entry.second == Thing::Thread; });
        std::erase_if(
            table, [](const auto& entry) { return entry.second == Thing::Session || entry.second == Thing::Thread; });
    }
    Status load_image(const mem::Image& image) {
        if (fails()) return Error::OutOfMemory;
        spaces.at(image.space).push_back(image);
        return {};
    }
    Status map_into(u32, Slot object, u64, u64, Rights) {
        if (fails()) return Error::OutOfMemory;
        return own.contains(object) && own[object] == Thing::Memory ? Status() : Error::InvalidArgument;
    }
    Result<Slot> make_thread(u32, Slot, Slot exceptions, const ProcessorShare&) {
        if (fails()) return Error::OutOfMemory;
        if (own.at(exceptions) != Thing::Exceptions) return Error::InvalidArgument;
        return put(Thing::Thread);
    }
    mem::Usage usage(u32) { return {.used = 42}; }
    std::span<u64> read_memory(u32 space, u64 address, std::span<u64> words) {
        if (!spaces.contains(space)) return {};
        if (address == layout::kPersistentAddress + offsetof(PersistentHead, trace)) {
            std::memcpy(words.data(), &trace, std::min(words.size_bytes(), sizeof(trace)));
            return words;
        }
        std::copy(stack.begin(), stack.end(), words.begin());
        return words.first(stack.size());
    }
    Status require(Slot slot, ObjectType type, Rights) {
        const Thing wanted = type == ObjectType::CapTable ? Thing::Table : Thing::Notification;
        return own.contains(slot) && own[slot] == wanted ? Status() : Error::InvalidArgument;
    }
    Result<Slot> mint(Badge) {
        if (fails()) return Error::LimitReached;
        return put(Thing::Exceptions);
    }
    Status derive_into(Slot, WellKnown index, Slot source) { return into(index, own.at(source)); }
    Status mint_into(Slot, WellKnown index, Badge) { return into(index, Thing::ProcessSession); }
    Status move_into(Slot, WellKnown index, Slot source) {
        EFT_CHECK(into(index, own.at(source)));
        own.erase(source);
        return {};
    }
    Result<u32> table_slots(Slot) {
        if (fails()) return Error::InvalidCapability;
        return 1024u;
    }
    void clear(Slot, Slot first, u32 count) {
        cleared += count;
        for (u32 i = 0; i < count; ++i) table.erase(static_cast<u32>(first) + i);
    }
    void drop(Slot slot) { own.erase(slot); }
    void signal(Slot notification) { signals.emplace_back(notification, static_cast<u32>(spaces.size())); }
    Status set_registers(Slot, const effects::StartRegisters& registers) {
        if (fails() || running) return Error::InvalidOperation;
        started = registers;
        return {};
    }
    Status set_priority(Slot, u8 level) {
        if (fails()) return Error::InvalidArgument;
        priority = level;
        return {};
    }
    Status resume(Slot) {
        if (fails()) return Error::InvalidOperation;
        running = true;
        return {};
    }
    void suspend(Slot) { running = false; }
    Result<kernel_object::ThreadInfo> inspect(Slot which) {
        if (!own.contains(which)) return Error::InvalidCapability;
        return thread;
    }

private:
    static kernel_object::ThreadInfo stopped_at(u64 instruction, u64 stack, u64 replies) {
        kernel_object::ThreadInfo info{};
        info.state = ThreadState::Ready;
        info.replies_delivered = replies;
        info.instruction_pointer = instruction;
        info.registers[static_cast<unsigned>(UserRegister::Rsp)] = stack;
        return info;
    }
    bool fails() {
        if (steps_left_ < 0) return false;
        if (steps_left_-- != 0) return false;
        steps_left_ = -2;
        return true;
    }
    Status into(WellKnown index, Thing thing) {
        if (fails() || table.contains(static_cast<u32>(index))) return Error::SlotOccupied;
        table[static_cast<u32>(index)] = thing;
        return {};
    }

    static inline FakeEnvironment* current_ = nullptr;

    u32 next_ = 1000;
    u32 last_space_ = 0;
    int steps_left_ = -1;
};

}  // namespace eft::processes::test
