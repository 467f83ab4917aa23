// The checked inode. Trivially copyable, so that a server may keep it with an open file.
//
// Guarantees after parse_inode: the type is known; the size can be addressed by the block pointers, and a directory's
// is a multiple of the block size and not more than the file system. The block pointers themselves are checked when
// they are followed.
#pragma once

#include "fs/ext2/layout.h"
#include "fs/ext2/report.h"
#include "fs/ext2/superblock.h"

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <array>

namespace eft::ext2 {

enum class InodeNumber : u32 { Root = disk::kRootInode };
constexpr u32 raw(InodeNumber number) { return static_cast<u32>(number); }

enum class FileType : u8 { Regular, Directory, Symlink, CharacterDevice, BlockDevice, Fifo, Socket };

// Fast symlinks lie in place of the block pointers. Section "Symbolic Links".
constexpr u64 kMaxFastSymlink = disk::kBlockPointers * sizeof(u32);

struct Time {
    std::int64_t seconds;  // since 1970
    u32 nanoseconds;
};

struct Inode {
    InodeNumber number;
    FileType type;
    bool fast_symlink;
    u16 mode;  // i_mode as it is: type and permissions
    u16 links;
    u32 uid;
    u32 gid;
    u64 size;
    u64 sectors;  // allocated, in units of 512 bytes
    Time accessed;
    Time changed;
    Time modified;
    u32 device_major;  // of a device's file
    u32 device_minor;
    std::array<u32, disk::kBlockPointers> blocks;
};

Result<Inode> parse_inode(const disk::Inode& raw, InodeNumber number, const Superblock& superblock, Report& report);

}  // namespace eft::ext2
