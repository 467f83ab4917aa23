// Ways to change an image on purpose, and a walk over everything that a volume shows, with bounded work.
#pragma once

#include "image.h"
#include "sources.h"

#include "fs/ext2/layout.h"

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace eft::test {

// A structure inside an image, to read and change.
template <class Plain>
Plain get(const Image& image, u64 offset) {
    Plain plain;
    REQUIRE(offset + sizeof(plain) <= image.size());
    std::memcpy(&plain, image.data() + offset, sizeof(plain));
    return plain;
}
template <class Plain>
void put(Image& image, u64 offset, const Plain& plain) {
    REQUIRE(offset + sizeof(plain) <= image.size());
    std::memcpy(image.data() + offset, &plain, sizeof(plain));
}

struct Area {
    u64 first;
    u64 size;
};

// Where an undamaged image has what. Computed from the raw structures, not with the code under test.
struct Anatomy {
    explicit Anatomy(const Image& image);
    u64 inode_offset(u32 number) const;

    u64 block_size;
    u64 inode_size;
    u32 inodes_per_group;
    std::vector<u64> inode_tables;  // of each group
    Area superblock;                // the fields in use
    Area descriptors;
    std::vector<Area> inodes;          // in use
    std::vector<Area> directories;     // first blocks
    std::vector<Area> pointer_blocks;  // single and double indirect
};

struct Walk {
    u64 entries = 0;
    u64 bytes = 0;
    std::vector<Error> errors;
};

// Lists, stats and reads what can be reached from the root: at most some thousand entries, some depth, and of each file
// its first and last part. Every error of the format must come with a text.
Walk walk(Mounted& mounted);

}  // namespace eft::test
