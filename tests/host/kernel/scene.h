// Scenes of long operations that pause. Each is run once without a pause; then once for each point at which the kernel
// asks whether an interrupt waits, pausing there; then pausing at all of them, with other threads acting in between. The
// end must be the same, and the invariants hold after every entry.
#pragma once

#include "program.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

namespace eft::kernel::test {

// What can be seen of a machine: each slot of the manager's table, and the state of some programs.
struct Picture {
    std::vector<u64> words;
    bool operator==(const Picture&) const = default;
};

class Scene {
public:
    virtual ~Scene() = default;
    virtual void operate() = 0;
    // What others may do while it pauses.
    virtual void disturb() {}
    virtual void look(Picture& picture) { static_cast<void>(picture); }

    Picture picture() {
        Picture result;
        for (u32 i = kFirstFree; i < 1u << kTableBits; ++i) {
            const kernel::Capability& cap = machine.slot(i);
            result.words.push_back(static_cast<u64>(cap.type()));
            result.words.push_back(cap.rights());
            result.words.push_back(cap.detail());
            if (cap.is(ObjectType::Untyped) && cap.has_children()) result.words.push_back(cap.payload<ObjectType::Untyped>().used);
            if (cap.is(ObjectType::PageTable)) result.words.push_back(cap.payload<ObjectType::PageTable>().use.address());
        }
        result.words.push_back(machine.live_objects());
        look(result);
        return result;
    }
    static void add(Picture& picture, Program& program) {
        picture.words.push_back(static_cast<u64>(program.state()));
        picture.words.push_back(program.object().registers.number);
    }

    Machine machine;
};

template <class Kind>
void pause_everywhere() {
    Kind undisturbed;
    u64 points = 0;
    undisturbed.machine.preempt([&points] { return ++points, false; }, [] {});
    undisturbed.operate();
    const Picture expected = undisturbed.picture();
    REQUIRE(points > 2);
    for (u64 at = 0; at < points; ++at) {
        CAPTURE(at);
        Kind scene;
        u64 seen = 0;
        scene.machine.preempt([&] { return seen++ == at; }, [] {});
        REQUIRE_NOTHROW(scene.operate());
        CHECK(scene.picture() == expected);
    }
    for (const bool disturbed : {false, true}) {
        CAPTURE(disturbed);
        Kind scene;
        bool inside = false;
        unsigned pauses = 0;
        scene.machine.preempt([&] { return !inside; },
                              [&] {
                                  ++pauses;
                                  inside = true;
                                  scene.machine.interrupt(5);
                                  // Done by the manager's hand, but as if by another thread with the same table.
                                  const auto registers = scene.machine.manager().registers;
                                  if (disturbed) scene.disturb();
                                  scene.machine.manager().registers = registers;
                                  inside = false;
                              });
        REQUIRE_NOTHROW(scene.operate());
        CHECK(pauses > 1);
        if (!disturbed) {
            const Picture seen = scene.picture();
            for (std::size_t i = 0; i < expected.words.size(); ++i) {
                CAPTURE(i);
                CHECK(seen.words.at(i) == expected.words[i]);
            }
        }
    }
}

// A program that uses the manager's table.
inline void share_table(Machine& machine, Program& program) {
    machine.expect(program.thread, Invocation::ThreadSuspend);
    machine.expect(program.thread, Invocation::ThreadConfigure, kTable, program.space, program.frame, kUtcbAddress);
    machine.expect(program.thread, Invocation::ThreadResume);
}

}  // namespace eft::kernel::test
