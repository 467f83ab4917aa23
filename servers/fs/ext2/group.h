// The checked block group: where its bitmaps and its inode table lie, and that nothing else may lie there.
#pragma once

#include "fs/ext2/layout.h"
#include "fs/ext2/report.h"
#include "fs/ext2/superblock.h"

#include <eft/abi/result.h>

namespace eft::ext2 {

struct Group {
    u32 number;
    u32 block_bitmap;
    u32 inode_bitmap;
    u32 inode_table;
};

// All three areas lie within the group: without flex_bg and meta_bg they cannot be elsewhere.
Result<Group> parse_group(const disk::GroupDescriptor& raw, u32 number, const Superblock& superblock, Report& report);

// Does [first, first + count), a range within this group, touch what belongs to the file system itself?
bool touches_metadata(const Group& group, const Superblock& superblock, u64 first, u64 count);

}  // namespace eft::ext2
