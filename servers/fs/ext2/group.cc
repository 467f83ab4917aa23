#include "fs/ext2/group.h"

namespace eft::ext2 {
namespace {

bool overlap(u64 first, u64 count, u64 other_first, u64 other_count) {
    return first < other_first + other_count && other_first < first + count;
}

}  // namespace

Result<Group> parse_group(const disk::GroupDescriptor& raw, u32 number, const Superblock& superblock, Report& report) {
    u64 first = superblock.first_block_of_group(number) + superblock.header_blocks_of_group(number);
    u64 end = superblock.end_of_group(number);
    auto inside = [&](u64 block, u64 count) { return block >= first && block + count <= end; };
    if (!inside(raw.bg_block_bitmap, 1))
        return report.bad_format("group ", number, ": block bitmap at block ", raw.bg_block_bitmap, " is outside");
    if (!inside(raw.bg_inode_bitmap, 1))
        return report.bad_format("group ", number, ": inode bitmap at block ", raw.bg_inode_bitmap, " is outside");
    if (!inside(raw.bg_inode_table, superblock.inode_table_blocks))
        return report.bad_format("group ", number, ": inode table at block ", raw.bg_inode_table, " is outside");
    return Group{number, raw.bg_block_bitmap, raw.bg_inode_bitmap, raw.bg_inode_table};
}

bool touches_metadata(const Group& group, const Superblock& superblock, u64 first, u64 count) {
    u64 start = superblock.first_block_of_group(group.number);
    return overlap(first, count, start, superblock.header_blocks_of_group(group.number)) ||
           overlap(first, count, group.block_bitmap, 1) || overlap(first, count, group.inode_bitmap, 1) ||
           overlap(first, count, group.inode_table, superblock.inode_table_blocks);
}

}  // namespace eft::ext2
