// From a block of a file to the pointers that lead to it. Section "i_block".
//
//   depth 0: i_block[0..11]           depth 2: i_block[13] -> pointers -> pointers -> data
//   depth 1: i_block[12] -> pointers  depth 3: i_block[14] -> pointers -> pointers -> pointers
#pragma once

#include <eft/abi/types.h>

#include <array>
#include <optional>

namespace eft::ext2 {

constexpr u32 kMaxDepth = 3;

struct BlockPath {
    u32 depth;                         // how many blocks of pointers stand between inode and data
    u32 slot;                          // index into i_block
    std::array<u32, kMaxDepth> index;  // index into the pointers of each level, [0] being nearest to the inode
    // Blocks of the file from here to the end of what the pointer at each level covers; [depth] is the last level,
    // where it counts the pointers that follow in the same table (i_block's direct ones, or one pointer block).
    std::array<u64, kMaxDepth + 1> covered;
};

// How many blocks a file can have.
u64 max_file_blocks(u32 pointers_per_block);

// Nothing if the block is beyond what can be addressed.
std::optional<BlockPath> find_block_path(u64 file_block, u32 pointers_per_block);

}  // namespace eft::ext2
