// The slots of a StatefulServer's subscribers on the host, which outlive the incarnation as the machine's do.
#pragma once

#include <eft/ipc/local_caps.h>
#include <eft/state/stateful_server.h>

#include <map>

namespace eft::test {

struct FakeSlots final : SessionSlots {
    std::map<u32, u64> objects;       // by slot
    std::map<u64, unsigned> signals;  // by object
    Status keep(u32 index, Slot received) override {
        objects[index] = ipc::local_caps().object(received);
        ipc::local_caps().drop(received);
        return {};
    }
    void remove(u32 index) override { objects.erase(index); }
    // As a capability of the fake table.
    Slot at(u32 index) override {
        constexpr u32 kFirst = 10'000'000;
        const Slot slot{kFirst + index};
        if (objects.contains(index)) ipc::local_caps().place(slot, objects[index]);
        return slot;
    }
    unsigned signalled(u64 object) const {
        const auto found = signals.find(object);
        return found == signals.end() ? 0 : found->second;
    }
    void signal(u32 index) override {
        if (objects.contains(index)) ++signals[objects[index]];
    }
};

}  // namespace eft::test
