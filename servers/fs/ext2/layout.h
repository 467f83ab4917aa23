// What lies on an ext2 disk, with the names of "The Second Extended File System" (https://www.nongnu.org/ext2-doc/);
// each type names its section there. Fields that came with Linux's ext3 and ext4 are marked.
//
// These are images of bytes, little-endian and naturally aligned. Nothing in them is trusted: parse_*() in the files
// superblock, group, inode and directory turn them into checked types, and only those are used elsewhere.
#pragma once

#include <eft/abi/types.h>

#include <bit>
#include <cstddef>

namespace eft::ext2::disk {

static_assert(std::endian::native == std::endian::little, "the structures below are read as they lie on the disk");

constexpr u64 kSuperblockOffset = 1024;
constexpr u16 kMagic = 0xEF53;       // EXT2_SUPER_MAGIC
constexpr u32 kOldRevision = 0;      // EXT2_GOOD_OLD_REV
constexpr u32 kDynamicRevision = 1;  // EXT2_DYNAMIC_REV

// Section "Superblock Structure"
struct Superblock {
    u32 s_inodes_count;
    u32 s_blocks_count;
    u32 s_r_blocks_count;
    u32 s_free_blocks_count;
    u32 s_free_inodes_count;
    u32 s_first_data_block;
    u32 s_log_block_size;
    u32 s_log_frag_size;
    u32 s_blocks_per_group;
    u32 s_frags_per_group;
    u32 s_inodes_per_group;
    u32 s_mtime;
    u32 s_wtime;
    u16 s_mnt_count;
    u16 s_max_mnt_count;
    u16 s_magic;
    u16 s_state;
    u16 s_errors;
    u16 s_minor_rev_level;
    u32 s_lastcheck;
    u32 s_checkinterval;
    u32 s_creator_os;
    u32 s_rev_level;
    u16 s_def_resuid;
    u16 s_def_resgid;
    // EXT2_DYNAMIC_REV
    u32 s_first_ino;
    u16 s_inode_size;
    u16 s_block_group_nr;
    u32 s_feature_compat;
    u32 s_feature_incompat;
    u32 s_feature_ro_compat;
    u8 s_uuid[16];
    char s_volume_name[16];
    u8 unused[1024 - 136];
};
static_assert(sizeof(Superblock) == 1024);
static_assert(offsetof(Superblock, s_magic) == 56);
static_assert(offsetof(Superblock, s_first_ino) == 84);
static_assert(offsetof(Superblock, s_feature_incompat) == 96);
static_assert(offsetof(Superblock, s_volume_name) == 120);

// Section "s_feature_compat"; ext4's sparse_super2
constexpr u32 kCompatSparseSuper2 = 0x200;
// Section "s_feature_incompat"
constexpr u32 kIncompatFiletype = 0x2;
// Section "s_feature_ro_compat"; ext4's huge_file
constexpr u32 kReadOnlyCompatSparseSuper = 0x1;
constexpr u32 kReadOnlyCompatHugeFile = 0x8;

// Section "Block Group Descriptor Structure"
struct GroupDescriptor {
    u32 bg_block_bitmap;
    u32 bg_inode_bitmap;
    u32 bg_inode_table;
    u16 bg_free_blocks_count;
    u16 bg_free_inodes_count;
    u16 bg_used_dirs_count;
    u16 bg_pad;
    u8 bg_reserved[12];
};
static_assert(sizeof(GroupDescriptor) == 32);

// Section "Inode Structure"; i_block: 12 direct, then single, double and triple indirect
constexpr u32 kDirectBlocks = 12;
constexpr u32 kBlockPointers = 15;

struct Inode {
    u16 i_mode;
    u16 i_uid;
    u32 i_size;
    u32 i_atime;
    u32 i_ctime;
    u32 i_mtime;
    u32 i_dtime;
    u16 i_gid;
    u16 i_links_count;
    u32 i_blocks;  // in units of 512 bytes
    u32 i_flags;
    u32 i_osd1;
    u32 i_block[kBlockPointers];
    u32 i_generation;
    u32 i_file_acl;
    u32 i_dir_acl;  // of a regular file: the upper half of its size
    u32 i_faddr;
    // Section "i_osd2", Linux
    u16 l_i_blocks_high;  // ext4's huge_file; frag and fsize before
    u16 reserved;
    u16 l_i_uid_high;
    u16 l_i_gid_high;
    u32 l_i_reserved2;
    // Linux, where s_inode_size is above 128 and i_extra_isize covers the field
    u16 i_extra_isize;
    u16 i_checksum_hi;
    u32 i_ctime_extra;  // bits 0-1: bits 32-33 of the seconds; bits 2-31: nanoseconds
    u32 i_mtime_extra;
    u32 i_atime_extra;
};
constexpr u32 kOldInodeSize = 128;  // EXT2_GOOD_OLD_INODE_SIZE
static_assert(offsetof(Inode, i_block) == 40);
static_assert(offsetof(Inode, i_extra_isize) == kOldInodeSize);
static_assert(sizeof(Inode) == kOldInodeSize + 16);

// Section "Defined Inode Mode Values"
constexpr u16 kModeTypeMask = 0xF000;
constexpr u16 kModeFifo = 0x1000;
constexpr u16 kModeCharacterDevice = 0x2000;
constexpr u16 kModeDirectory = 0x4000;
constexpr u16 kModeBlockDevice = 0x6000;
constexpr u16 kModeRegular = 0x8000;
constexpr u16 kModeSymlink = 0xA000;
constexpr u16 kModeSocket = 0xC000;

// Section "i_flags"; these are ext4's, and change what i_block means
constexpr u32 kFlagEncrypted = 0x800;
constexpr u32 kFlagHugeFile = 0x40000;  // i_blocks counts blocks of the file system
constexpr u32 kFlagExtents = 0x80000;
constexpr u32 kFlagInlineData = 0x10000000;

// Section "Defined Reserved Inodes"
constexpr u32 kRootInode = 2;
constexpr u32 kOldFirstInode = 11;  // EXT2_GOOD_OLD_FIRST_INO

// Section "Linked Directory Entry Structure"; the name follows. With filetype absent, file_type is the upper byte of
// the length and must be zero, names being at most 255 bytes.
struct DirectoryEntry {
    u32 inode;  // 0: unused, but rec_len counts
    u16 rec_len;
    u8 name_len;
    u8 file_type;
};
static_assert(sizeof(DirectoryEntry) == 8);

}  // namespace eft::ext2::disk
