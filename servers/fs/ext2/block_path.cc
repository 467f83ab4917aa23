#include "fs/ext2/block_path.h"

#include "fs/ext2/layout.h"

namespace eft::ext2 {

u64 max_file_blocks(u32 pointers_per_block) {
    u64 p = pointers_per_block;  // at most 1024, so the cube is far from overflow
    return disk::kDirectBlocks + p + p * p + p * p * p;
}

std::optional<BlockPath> find_block_path(u64 file_block, u32 pointers_per_block) {
    BlockPath path{};
    if (file_block < disk::kDirectBlocks) {
        path.slot = static_cast<u32>(file_block);
        path.covered[0] = disk::kDirectBlocks - file_block;
        return path;
    }
    u64 offset = file_block - disk::kDirectBlocks;
    u64 span = pointers_per_block;  // blocks below the i_block entry of this depth
    for (u32 depth = 1; depth <= kMaxDepth; ++depth, span *= pointers_per_block) {
        if (offset >= span) {
            offset -= span;
            continue;
        }
        path.depth = depth;
        path.slot = disk::kDirectBlocks + depth - 1;
        u64 below = span;
        for (u32 level = 0; level < depth; ++level) {
            path.covered[level] = below - offset;
            below /= pointers_per_block;
            path.index[level] = static_cast<u32>(offset / below);
            offset %= below;
        }
        path.covered[depth] = pointers_per_block - path.index[depth - 1];
        return path;
    }
    return std::nullopt;
}

}  // namespace eft::ext2
