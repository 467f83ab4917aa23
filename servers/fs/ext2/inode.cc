#include "fs/ext2/inode.h"

#include "fs/ext2/block_path.h"

#include <algorithm>
#include <optional>

namespace eft::ext2 {
namespace {

std::optional<FileType> type_of(u16 mode) {
    switch (mode & disk::kModeTypeMask) {
        case disk::kModeRegular: return FileType::Regular;
        case disk::kModeDirectory: return FileType::Directory;
        case disk::kModeSymlink: return FileType::Symlink;
        case disk::kModeCharacterDevice: return FileType::CharacterDevice;
        case disk::kModeBlockDevice: return FileType::BlockDevice;
        case disk::kModeFifo: return FileType::Fifo;
        case disk::kModeSocket: return FileType::Socket;
        default: return std::nullopt;
    }
}

Time time_of(u32 seconds, u32 extra) {
    constexpr u32 kEpochBits = 3;
    Time time{static_cast<std::int32_t>(seconds), extra >> 2};
    time.seconds += std::int64_t{extra & kEpochBits} << 32;
    if (time.nanoseconds >= 1'000'000'000) time.nanoseconds = 0;
    return time;
}

// `extra` if i_extra_isize says that the inode has the field which ends at `end`.
u32 extra_field(const disk::Inode& raw, const Superblock& superblock, std::size_t end, u32 extra) {
    if (superblock.inode_size == disk::kOldInodeSize) return 0;
    if (raw.i_extra_isize > superblock.inode_size - disk::kOldInodeSize) return 0;
    return disk::kOldInodeSize + raw.i_extra_isize >= end ? extra : 0;
}

u64 sectors_of(const disk::Inode& raw, const Superblock& superblock) {
    u64 count = raw.i_blocks;
    if (superblock.huge_file) {
        count |= u64{raw.l_i_blocks_high} << 32;
        if (raw.i_flags & disk::kFlagHugeFile) count *= superblock.block_size / 512;
    }
    return count;
}

// Linux: the old form of 8 and 8 bits in the first place, or else the new one of 12 and 20 bits in the second.
void set_device(const disk::Inode& raw, Inode& inode) {
    const u32 old_form = raw.i_block[0], new_form = raw.i_block[1];
    inode.device_major = old_form != 0 ? old_form >> 8 & 0xff : new_form >> 8 & 0xfff;
    inode.device_minor = old_form != 0 ? old_form & 0xff : (new_form & 0xff) | (new_form >> 12 & 0xfff00);
}

Status check_size(const Inode& inode, const Superblock& superblock, Report& report) {
    u32 number = raw(inode.number);
    if (inode.size > max_file_blocks(superblock.pointers_per_block()) * superblock.block_size)
        return report.bad_format("inode ", number, ": size ", inode.size, " cannot be addressed");
    if (inode.type == FileType::Directory) {
        if (inode.size % superblock.block_size != 0)
            return report.bad_format("inode ", number, ": directory size ", inode.size, " is not in whole blocks");
        if (inode.size > superblock.bytes())
            return report.bad_format("inode ", number, ": directory size ", inode.size, " is too large");
    }
    if (inode.type == FileType::Symlink) {
        u64 limit = inode.fast_symlink ? kMaxFastSymlink : superblock.block_size;
        if (inode.size == 0 || inode.size > limit)
            return report.bad_format("inode ", number, ": symbolic link of ", inode.size, " bytes");
    }
    return {};
}

}  // namespace

Result<Inode> parse_inode(const disk::Inode& raw, InodeNumber number, const Superblock& superblock, Report& report) {
    u32 n = static_cast<u32>(number);
    std::optional<FileType> type = type_of(raw.i_mode);
    if (!type) return report.bad_format("inode ", n, ": mode ", raw.i_mode, " names no file type");
    if (raw.i_links_count == 0) return report.bad_format("inode ", n, ": in use, but without links");
    if (raw.i_flags & disk::kFlagExtents) return report.not_supported("inode ", n, ": uses extents");
    if (raw.i_flags & disk::kFlagInlineData) return report.not_supported("inode ", n, ": uses inline_data");
    if (raw.i_flags & disk::kFlagEncrypted) return report.not_supported("inode ", n, ": is encrypted");

    Inode inode{};
    inode.number = number;
    inode.type = *type;
    inode.mode = raw.i_mode;
    inode.links = raw.i_links_count;
    inode.uid = u32{raw.l_i_uid_high} << 16 | raw.i_uid;
    inode.gid = u32{raw.l_i_gid_high} << 16 | raw.i_gid;
    inode.size = raw.i_size;
    if (inode.type == FileType::Regular) inode.size |= u64{raw.i_dir_acl} << 32;
    inode.sectors = sectors_of(raw, superblock);
    auto extra = [&](std::size_t offset, u32 value) {
        return extra_field(raw, superblock, offset + sizeof(u32), value);
    };
    inode.accessed = time_of(raw.i_atime, extra(offsetof(disk::Inode, i_atime_extra), raw.i_atime_extra));
    inode.changed = time_of(raw.i_ctime, extra(offsetof(disk::Inode, i_ctime_extra), raw.i_ctime_extra));
    inode.modified = time_of(raw.i_mtime, extra(offsetof(disk::Inode, i_mtime_extra), raw.i_mtime_extra));
    std::copy(std::begin(raw.i_block), std::end(raw.i_block), inode.blocks.begin());
    if (inode.type == FileType::CharacterDevice || inode.type == FileType::BlockDevice) set_device(raw, inode);
    // A link without data blocks of its own (an attribute block may be counted) is a fast one.
    u64 attribute_sectors = raw.i_file_acl != 0 ? superblock.block_size / 512 : 0;
    inode.fast_symlink = inode.type == FileType::Symlink && inode.sectors <= attribute_sectors;
    EFT_CHECK(check_size(inode, superblock, report));
    return inode;
}

}  // namespace eft::ext2
