// The slots of a StatefulServer on the host, which outlive the incarnation as the machine's do. What lies in them are the
// objects of local_caps.h.
#pragma once

#include <eft/session_slots.h>

#include <map>

namespace eft::test {

// Every SessionSlots of a test is one: mortal_world.cc defines the functions so.
class FakeSlots : public SessionSlots {
public:
    // Objects by slot, and how often each was signalled. `point`: a death may strike here.
    FakeSlots(std::map<u32, u64>& objects_by_slot, std::map<u64, unsigned>& signals_of, void (*a_point)() = [] {})
        : objects(objects_by_slot), signals(signals_of), point(a_point) {}

    std::map<u32, u64>& objects;
    std::map<u64, unsigned>& signals;
    void (*const point)();
};

// With memory of its own.
struct OwnContents {
    std::map<u32, u64> own_objects;
    std::map<u64, unsigned> own_signals;
};
class LocalSlots final : private OwnContents, public FakeSlots {
public:
    LocalSlots() : FakeSlots(own_objects, own_signals) {}
    unsigned signalled(u64 object) const {
        const auto found = signals.find(object);
        return found == signals.end() ? 0 : found->second;
    }
};

}  // namespace eft::test
