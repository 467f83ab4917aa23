// Which blocks of the disk hold a stretch of a file. Sections "i_block", "Indirect Block".
#pragma once

#include "fs/ext2/block_path.h"
#include "fs/ext2/disk.h"

#include <algorithm>
#include <array>

namespace eft::ext2 {

// `count` blocks from `first` on, in sequence and checked; or a hole of that many blocks.
struct Run {
    u32 first;  // 0: a hole
    u32 count;
    bool hole() const { return first == 0; }
};

constexpr u32 kMaxRun = 64;

inline Run leading_run(std::span<const u32> pointers) {
    Run run{pointers[0], 1};
    while (run.count < pointers.size()) {
        // 64 bits: a pointer of 2^32 - 1 has no successor
        u64 expected = run.hole() ? 0 : u64{run.first} + run.count;
        if (pointers[run.count] != expected) break;
        ++run.count;
    }
    return run;
}

// At least one and at most `limit` (> 0) blocks of the file from `file_block` on.
inline Task<Result<Run>> map_run(Disk& disk, const Inode& inode, u64 file_block, u64 limit) {
    auto path = find_block_path(file_block, disk.superblock.pointers_per_block());
    if (!path)
        co_return disk.report.bad_format("inode ", raw(inode.number), ": block ", file_block, " cannot be addressed");

    std::array<u32, kMaxRun> pointers;
    u32 count = static_cast<u32>(std::min({limit, u64{kMaxRun}, path->covered[path->depth]}));
    if (path->depth == 0) {
        std::copy_n(inode.blocks.begin() + path->slot, count, pointers.begin());
    } else {
        u32 table = inode.blocks[path->slot];
        for (u32 level = 0; level < path->depth; ++level) {
            if (table == 0) co_return Run{0, static_cast<u32>(std::min({limit, path->covered[level], u64{1} << 31}))};
            EFT_CO_CHECK(co_await check_data_blocks(disk, table, 1, "indirect block", inode.number));
            bool last = level + 1 == path->depth;
            std::span<u32> wanted(pointers.data(), last ? count : 1);
            u32 offset = path->index[level] * u32{sizeof(u32)};
            EFT_CO_CHECK(co_await disk.cache.copy(table, offset, std::as_writable_bytes(wanted)));
            table = pointers[0];
        }
    }
    Run run = leading_run(std::span(pointers.data(), count));
    if (!run.hole()) EFT_CO_CHECK(co_await check_data_blocks(disk, run.first, run.count, "data", inode.number));
    co_return run;
}

}  // namespace eft::ext2
