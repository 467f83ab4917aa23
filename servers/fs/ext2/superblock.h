// The checked superblock: sizes and counts that the rest computes with, free of overflow and of division by zero.
//
// Guarantees after parse_superblock: block_size is 1024, 2048 or 4096; the whole file system lies on the device;
// every group number below group_count has its descriptor within the descriptor table, and that within the device;
// every inode number in 1..inodes_count belongs to such a group.
#pragma once

#include "fs/ext2/layout.h"
#include "fs/ext2/report.h"

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace eft::ext2 {

constexpr u32 kMaxBlockSize = 4096;

struct Superblock {
    u32 block_size;
    u32 blocks_count;
    u32 free_blocks;
    u32 reserved_blocks;
    u32 first_data_block;
    u32 blocks_per_group;
    u32 group_count;
    u32 descriptor_blocks;  // of one copy of the descriptor table
    u32 inodes_count;
    u32 free_inodes;
    u32 inodes_per_group;
    u32 inode_size;
    u32 inode_table_blocks;  // per group
    u32 first_inode;         // the first that is not reserved
    bool sparse_super;
    bool sparse_super2;
    bool filetype;
    bool huge_file;
    std::array<u8, 16> uuid;
    std::array<char, 16> volume_name;  // padded with zeros

    u64 bytes() const { return u64{blocks_count} * block_size; }
    u32 pointers_per_block() const { return block_size / u32{sizeof(u32)}; }
    u32 group_of_block(u32 block) const { return (block - first_data_block) / blocks_per_group; }
    u64 first_block_of_group(u32 group) const { return first_data_block + u64{group} * blocks_per_group; }
    // One past the last block; the last group may be short.
    u64 end_of_group(u32 group) const;
    // Blocks at the start of a group that a copy of superblock and descriptor table takes.
    u32 header_blocks_of_group(u32 group) const;
    // May a name lead to this inode?
    bool nameable_inode(u32 number) const {
        return number == disk::kRootInode || (number >= first_inode && number <= inodes_count);
    }
};

// What begins a disk whose file systems are elsewhere: "GPT", "MBR"; empty: neither. `first` are its first 1024 bytes.
std::string_view partition_table(std::span<const std::byte, 1024> first);

Result<Superblock> parse_superblock(const disk::Superblock& raw, u64 device_bytes, Report& report);

}  // namespace eft::ext2
