#include "undone.h"

#include "effects.h"

#include <algorithm>
#include <cstddef>

namespace eft::memory {
namespace {

// The part of [offset, offset + size) that lies in an array of so many bytes at `start`, counted from there.
struct Part {
    std::size_t first, end;
    Part(std::size_t start, std::size_t bytes, std::size_t offset, std::size_t size)
        : first(std::clamp(offset, start, start + bytes) - start), end(std::clamp(offset + size, start, start + bytes) - start) {}
    bool empty() const { return first == end; }
};

void end_free_blocks(const Blocks& blocks, std::size_t offset, std::size_t size) {
    const Part part(offsetof(State, blocks) + offsetof(Blocks, nodes), sizeof blocks.nodes, offset, size);
    if (part.empty()) return;
    for (std::size_t node = part.first / sizeof(Blocks::Node); node * sizeof(Blocks::Node) < part.end; ++node)
        if (blocks.nodes[node].use == Blocks::Use::Free) effects::end_descendants(blocks.nodes[node].slot);
}

void empty_free_slots(const SlotRuns& slots, std::size_t offset, std::size_t size) {
    const Part part(offsetof(State, slots), sizeof slots, offset, size);
    if (!part.empty()) slots.for_each_free(part.first, part.end - part.first, effects::remove);
}

}  // namespace

void settle(void* where, const UndoLog& log) {
    State& state = *static_cast<State*>(where);
    log.for_each_noted([&](std::size_t offset, std::size_t size) { end_free_blocks(state.blocks, offset, size); });
    log.for_each_noted([&](std::size_t offset, std::size_t size) { empty_free_slots(state.slots, offset, size); });
    state.slots.forget_hints();
    state.undone = true;
}

}  // namespace eft::memory
