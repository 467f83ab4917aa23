// A mounted disk: the source, the checked superblock, the cache, and what all readers need of them: groups, inodes,
// and the check that a block may hold data. The readers (block_map.h, file_reader.h, …) are functions over it.
//
// A Disk stays where it is and outlives the tasks that use it.
#pragma once

#include "fs/ext2/block_cache.h"
#include "fs/ext2/block_source.h"
#include "fs/ext2/group.h"
#include "fs/ext2/inode.h"
#include "fs/ext2/report.h"
#include "fs/ext2/superblock.h"

#include <algorithm>
#include <array>

namespace eft::ext2 {

struct Disk {
    Disk(BlockSource& from, Report& to, const Superblock& checked, u32 cache_blocks)
        : source(from), report(to), superblock(checked), cache(from, checked.block_size, cache_blocks) {}
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    BlockSource& source;
    Report& report;
    const Superblock superblock;
    BlockCache cache;
    // Groups that were read and found good; group n is remembered in entry n modulo the size.
    std::array<Group, 32> groups{};
    u32 groups_known = 0;  // a bit for each entry

    // A group that is remembered needs no coroutine: the usual case when a file is read.
    const Group* known_group(u32 number) const {
        u32 entry = number % groups.size();
        return (groups_known >> entry & 1) && groups[entry].number == number ? &groups[entry] : nullptr;
    }
    void remember(const Group& group) {
        u32 entry = group.number % groups.size();
        groups[entry] = group;
        groups_known |= 1u << entry;
    }
};

template <class Plain>
std::span<std::byte> bytes_of(Plain& plain) {
    static_assert(std::is_trivially_copyable_v<Plain>);
    return std::as_writable_bytes(std::span(&plain, 1));
}

// `number` must be below group_count.
inline Task<Result<Group>> load_group(Disk& disk, u32 number) {
    if (const Group* known = disk.known_group(number)) co_return *known;
    disk::GroupDescriptor descriptor;
    u64 position = u64{number} * sizeof(descriptor);
    u32 block_size = disk.superblock.block_size;
    u32 block = disk.superblock.first_data_block + 1 + static_cast<u32>(position / block_size);
    u32 offset = static_cast<u32>(position % block_size);
    EFT_CO_CHECK(co_await disk.cache.copy(block, offset, bytes_of(descriptor)));
    EFT_CO_TRY(Group group, parse_group(descriptor, number, disk.superblock, disk.report));
    disk.remember(group);
    co_return group;
}

// Refuses ranges that lie outside the file system or touch its own tables. `what` and `owner` are for the message.
inline Task<Status> check_data_blocks(Disk& disk, u32 first, u32 count, std::string_view what, InodeNumber owner) {
    const Superblock& superblock = disk.superblock;
    u64 end = u64{first} + count;
    if (first < superblock.first_data_block || end > superblock.blocks_count)
        co_return disk.report.bad_format("inode ", raw(owner), ": ", what, " at block ", first, " is outside");
    for (u64 block = first; block < end;) {
        u32 number = superblock.group_of_block(static_cast<u32>(block));
        u64 here = std::min(end, superblock.end_of_group(number)) - block;
        Group group;
        if (const Group* known = disk.known_group(number)) {
            group = *known;
        } else {
            EFT_CO_TRY(group, co_await load_group(disk, number));
        }
        if (touches_metadata(group, superblock, block, here))
            co_return disk.report.bad_format("inode ", raw(owner), ": ", what, " at block ", first,
                                             " is inside the tables of group ", number);
        block += here;
    }
    co_return Status{};
}

// Section "Inode Table", "Locating an Inode"
inline Task<Result<Inode>> load_inode(Disk& disk, InodeNumber number) {
    const Superblock& superblock = disk.superblock;
    u32 n = raw(number);
    if (!superblock.nameable_inode(n)) co_return Error::OutOfRange;
    u32 index = (n - 1) % superblock.inodes_per_group;
    EFT_CO_TRY(Group group, co_await load_group(disk, (n - 1) / superblock.inodes_per_group));
    u64 position = u64{index} * superblock.inode_size;
    u32 block = group.inode_table + static_cast<u32>(position / superblock.block_size);
    u32 offset = static_cast<u32>(position % superblock.block_size);
    disk::Inode inode{};
    std::span<std::byte> bytes = bytes_of(inode);
    bytes = bytes.first(std::min<std::size_t>(bytes.size(), superblock.inode_size));
    EFT_CO_CHECK(co_await disk.cache.copy(block, offset, bytes));
    co_return parse_inode(inode, number, superblock, disk.report);
}

}  // namespace eft::ext2
