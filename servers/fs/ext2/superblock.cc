#include "fs/ext2/superblock.h"

#include "fs/ext2/features.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace eft::ext2 {
namespace {

constexpr u32 kMaxLogBlockSize = 2;
// mke2fs makes no smaller groups, and fewer would let a small disk claim millions of groups.
constexpr u32 kMinBlocksPerGroup = 256;

u64 divide_up(u64 value, u64 unit) { return (value + unit - 1) / unit; }

bool is_power_of(u32 base, u32 value) {
    while (value % base == 0) value /= base;
    return value == 1;
}

Status parse_revision(const disk::Superblock& raw, Superblock& out, Report& report) {
    if (raw.s_rev_level == disk::kOldRevision) {
        out.inode_size = disk::kOldInodeSize;
        out.first_inode = disk::kOldFirstInode;
        return {};
    }
    if (raw.s_rev_level != disk::kDynamicRevision)
        return report.not_supported("superblock: revision ", raw.s_rev_level, " is unknown");
    EFT_CHECK(check_incompatible_features(raw.s_feature_incompat, report));
    out.inode_size = raw.s_inode_size;
    out.first_inode = raw.s_first_ino;
    out.filetype = raw.s_feature_incompat & disk::kIncompatFiletype;
    out.sparse_super = raw.s_feature_ro_compat & disk::kReadOnlyCompatSparseSuper;
    out.huge_file = raw.s_feature_ro_compat & disk::kReadOnlyCompatHugeFile;
    out.sparse_super2 = raw.s_feature_compat & disk::kCompatSparseSuper2;
    if (out.inode_size < disk::kOldInodeSize || out.inode_size > out.block_size || !std::has_single_bit(out.inode_size))
        return report.bad_format("superblock: inode size ", out.inode_size, " is impossible");
    if (out.first_inode < disk::kOldFirstInode)
        return report.bad_format("superblock: first inode ", out.first_inode, " is among the reserved ones");
    return {};
}

// Section "Block Groups": where groups, descriptors and inode tables can be.
Status parse_groups(const disk::Superblock& raw, Superblock& out, Report& report) {
    u32 bits_per_block = out.block_size * 8;  // a group's bitmaps are one block each
    if (raw.s_blocks_per_group < kMinBlocksPerGroup || raw.s_blocks_per_group > bits_per_block)
        return report.bad_format("superblock: ", raw.s_blocks_per_group, " blocks per group are impossible");
    if (raw.s_inodes_per_group == 0 || raw.s_inodes_per_group > bits_per_block)
        return report.bad_format("superblock: ", raw.s_inodes_per_group, " inodes per group are impossible");
    out.blocks_per_group = raw.s_blocks_per_group;
    out.inodes_per_group = raw.s_inodes_per_group;

    u64 groups = divide_up(out.blocks_count - out.first_data_block, out.blocks_per_group);
    u64 inodes = groups * out.inodes_per_group;
    if (raw.s_inodes_count > inodes || raw.s_inodes_count < out.first_inode)
        return report.bad_format("superblock: ", raw.s_inodes_count, " inodes do not fit ", groups, " groups");
    out.group_count = static_cast<u32>(groups);
    out.inodes_count = raw.s_inodes_count;
    out.descriptor_blocks = static_cast<u32>(divide_up(groups * sizeof(disk::GroupDescriptor), out.block_size));
    out.inode_table_blocks = static_cast<u32>(divide_up(u64{out.inodes_per_group} * out.inode_size, out.block_size));
    if (u64{out.first_data_block} + 1 + out.descriptor_blocks > out.blocks_count)
        return report.bad_format("superblock: the group descriptors do not fit ", out.blocks_count, " blocks");
    return {};
}

}  // namespace

Result<Superblock> parse_superblock(const disk::Superblock& raw, u64 device_bytes, Report& report) {
    Superblock out{};
    if (raw.s_magic != disk::kMagic)
        return report.bad_format("superblock: no ext2 file system (magic ", raw.s_magic, ")");
    if (raw.s_log_block_size > kMaxLogBlockSize)
        return report.not_supported("superblock: block size 1024 << ", raw.s_log_block_size, " is not supported");
    out.block_size = 1024u << raw.s_log_block_size;
    EFT_CHECK(parse_revision(raw, out, report));

    // Section "s_first_data_block": the block of the superblock.
    out.first_data_block = raw.s_first_data_block;
    if (out.first_data_block != (out.block_size == 1024 ? 1u : 0u))
        return report.bad_format("superblock: first data block ", out.first_data_block, " is impossible");
    out.blocks_count = raw.s_blocks_count;
    if (out.blocks_count <= out.first_data_block)
        return report.bad_format("superblock: ", out.blocks_count, " blocks are too few");
    if (out.bytes() > device_bytes)
        return report.bad_format("superblock: ", out.blocks_count, " blocks of ", out.block_size,
                                 " bytes are more than the device's ", device_bytes, " bytes");
    EFT_CHECK(parse_groups(raw, out, report));

    // Only shown to people; a damaged value must not show more free than there is.
    out.free_blocks = std::min(raw.s_free_blocks_count, out.blocks_count);
    out.reserved_blocks = std::min(raw.s_r_blocks_count, out.blocks_count);
    out.free_inodes = std::min(raw.s_free_inodes_count, out.inodes_count);
    std::memcpy(out.uuid.data(), raw.s_uuid, out.uuid.size());
    std::memcpy(out.volume_name.data(), raw.s_volume_name, out.volume_name.size());
    return out;
}

u64 Superblock::end_of_group(u32 group) const {
    return std::min(first_block_of_group(group) + blocks_per_group, u64{blocks_count});
}

u32 Superblock::header_blocks_of_group(u32 group) const {
    bool has_copy = group == 0;
    if (!has_copy && !sparse_super2) {  // sparse_super2 names its two copies elsewhere: those are not protected
        has_copy =
            !sparse_super || group == 1 || is_power_of(3, group) || is_power_of(5, group) || is_power_of(7, group);
    }
    return has_copy ? 1 + descriptor_blocks : 0;
}

// UEFI 2.10, 5.2.1 and 5.3.2.
std::string_view partition_table(std::span<const std::byte, 1024> first) {
    constexpr std::size_t kEntries = 446, kEntryBytes = 16, kType = 4, kSignature = 510;
    if (std::memcmp(first.data() + 512, "EFI PART", 8) == 0) return "GPT";
    if (first[kSignature] != std::byte{0x55} || first[kSignature + 1] != std::byte{0xaa}) return {};
    bool any = false;
    for (std::size_t at = kEntries; at < kSignature; at += kEntryBytes) {
        if (first[at] != std::byte{0} && first[at] != std::byte{0x80}) return {};  // not active, active; else it is code
        any |= first[at + kType] != std::byte{0};
    }
    return any ? "MBR" : std::string_view();
}

}  // namespace eft::ext2
