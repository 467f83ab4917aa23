#include "snapshot.h"

#include "invariants.h"

#include <object/address_space.h>
#include <object/derivation.h>

#include <arch/arena.h>

#include <cstring>

namespace eft::kernel::test {

void Snapshot::add(const void* memory, std::size_t bytes, std::string name) {
    const auto* first = static_cast<const std::byte*>(memory);
    pieces_[memory] = {{first, first + bytes}, std::move(name)};
}

Snapshot::Snapshot(Machine& machine, const Thread& asking) {
    const Survey found = survey(machine.core());
    add(&machine.core().kernel.objects, sizeof(u64), "the number of objects");
    for (const Capability* cap : found.capabilities) {
        add(cap, sizeof(Capability), "a capability of type " + std::to_string(static_cast<unsigned>(cap->type())));
        if (!cap->mappable() || !arch::in_arena(cap->address())) continue;
        add(to_pointer<void>(cap->address()), kPageSize, cap->is(ObjectType::Frame) ? "a frame" : "a page table");
    }
    for (const auto& [object, count] : found.objects) {
        switch (object->type) {
            case ObjectType::AddressSpace: {
                const auto* space = static_cast<const AddressSpace*>(object);
                add(to_pointer<void>(space->root()), kPageSize, "a root table");
                add(space, sizeof(AddressSpace), "an address space");
                break;
            }
            case ObjectType::Thread: {
                const auto* thread = static_cast<const Thread*>(object);
                const auto* start = reinterpret_cast<const std::byte*>(thread);
                const auto* registers = reinterpret_cast<const std::byte*>(&thread->registers);
                const std::byte* behind = registers + sizeof(thread->registers);
                add(start, static_cast<std::size_t>(registers - start), "a thread's head");
                add(behind, sizeof(Thread) - static_cast<std::size_t>(behind - start), "a thread");
                if (thread != &asking) add(registers, sizeof(thread->registers), "a thread's registers");
                break;
            }
            default: add(object, object_bytes(*object), "an object of type " + std::to_string(static_cast<unsigned>(object->type)));
        }
    }
}

std::string Snapshot::difference(const Snapshot& other) const {
    for (const auto& [where, piece] : pieces_) {
        const auto found = other.pieces_.find(where);
        if (found == other.pieces_.end()) return piece.name + " is gone";
        if (found->second.bytes != piece.bytes) return piece.name + " has changed";
    }
    for (const auto& [where, piece] : other.pieces_) {
        if (!pieces_.contains(where)) return piece.name + " is new";
    }
    return {};
}

}  // namespace eft::kernel::test
