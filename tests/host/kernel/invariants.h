// What must hold between any two entries into the kernel. The checker starts from the ancestor of all capabilities,
// walks the derivation tree, and compares what it finds with what the objects say about themselves. It changes
// nothing. Tests run it after every entry; fuzzers do, too.
#pragma once

#include <schedule/core.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace eft::kernel::test {

// All that exists, as the derivation tree shows it.
struct Survey {
    std::set<Capability*> capabilities;
    std::map<Object*, u32> objects;  // how many capabilities name each
    std::set<Thread*> at_hand;       // of some queue
    std::vector<std::string> broken;

    void require(bool holds, std::string_view what) {
        if (!holds) broken.emplace_back(what);
    }
    template <class T, class Function>
    void each(ObjectType type, Function function) {
        for (auto& [object, count] : objects) {
            if (object->type == type) function(*static_cast<T*>(object));
        }
    }
};

// The invariants that are broken, one sentence each.
std::vector<std::string> broken_invariants(Core& core);

// Poisons all of the arena that no capability stands for.
void poison_unused(Core& core);

// The parts, in a file each.
Survey survey(Core& core);
void check_slots(Survey& survey, Core& core);    // invariants.cc
void check_threads(Survey& survey, Core& core);  // invariants_ipc.cc
void check_memory(Survey& survey, Core& core);   // invariants_memory.cc

u64 object_bytes(const Object& object);

// What a thread that uses floating point has in the register (Machine::use_fpu).
inline u64 fpu_value(const Thread& thread) { return to_physical(&thread).value(); }

}  // namespace eft::kernel::test
