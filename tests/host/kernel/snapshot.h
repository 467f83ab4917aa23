// All that the kernel keeps of its users: every capability slot, object, page table and page of the arena, byte by byte.
// Two snapshots are equal if nothing at all happened between them, except to the registers of the thread that asked.
#pragma once

#include "machine.h"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace eft::kernel::test {

class Snapshot {
public:
    Snapshot(Machine& machine, const Thread& asking);

    // What differs, as a sentence; empty if nothing does.
    std::string difference(const Snapshot& other) const;

private:
    void add(const void* memory, std::size_t bytes, std::string name);

    struct Piece {
        std::vector<std::byte> bytes;
        std::string name;
    };
    std::map<const void*, Piece> pieces_;
};

}  // namespace eft::kernel::test
