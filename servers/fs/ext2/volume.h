// A mounted ext2 file system, read-only: what the file server and the tests use.
//
// Every function is a coroutine over the BlockSource and may run beside others. The Volume, the source, the report and
// whatever is passed by reference or as a span must outlive the Task. Error::BadFormat and NotSupported say in the
// Report what was wrong and where; errors of the source come through as they are.
#pragma once

#include "fs/ext2/block_source.h"
#include "fs/ext2/directory_reader.h"
#include "fs/ext2/disk.h"
#include "fs/ext2/file_reader.h"
#include "fs/ext2/path_walk.h"

#include <memory>

namespace eft::ext2 {

constexpr u32 kDefaultCacheBytes = 256 * 1024;

struct FileSystemStatus {
    u32 block_size;
    u64 blocks;
    u64 free_blocks;
    u64 available_blocks;  // free for others than the superuser
    u64 inodes;
    u64 free_inodes;
    std::array<u8, 16> uuid;
    std::array<char, 16> volume_name;  // padded with zeros
};

class Volume {
public:
    Volume(BlockSource& source, Report& report, const Superblock& superblock, u32 cache_bytes)
        : disk_(source, report, superblock, std::max(cache_bytes / superblock.block_size, 4u)) {}

    // The inode that a path leads to; `start` is where a path without a leading slash begins.
    Task<Result<Inode>> lookup(std::string_view path, LastLink last_link = LastLink::Follow,
                               InodeNumber start = InodeNumber::Root) {
        return walk_path(disk_, path, last_link, start);
    }
    // One name in one directory; links are not followed.
    Task<Result<FoundEntry>> find(Inode directory, std::string_view name) { return find_in_directory(disk_, directory, name); }
    // All that is known of an inode. OutOfRange if no name can lead to that number.
    Task<Result<Inode>> stat(InodeNumber number) { return load_inode(disk_, number); }
    // How many bytes were read; fewer than asked for at the end of the file only.
    Task<Result<u64>> read(Inode file, u64 offset, std::span<std::byte> destination) {
        return read_file(disk_, file, offset, destination);
    }
    // The length of the target. A block (status().block_size) is always enough.
    Task<Result<u64>> read_link(Inode link, std::span<char> destination) {
        return read_target(disk_, link, destination);
    }
    // Entries from `cursor` (0 at first) on, until the sink has no more room.
    template <DirectorySink Sink>
    Task<Result<DirectoryPage>> read_directory(Inode directory, u64 cursor, Sink& sink) {
        std::array<std::byte, kMaxBlockSize> buffer;
        Result<DirectoryPage> page = co_await list_directory(disk_, directory, cursor, sink, buffer);
        co_return page;
    }
    FileSystemStatus status() const {
        const Superblock& s = disk_.superblock;
        u32 available = s.free_blocks > s.reserved_blocks ? s.free_blocks - s.reserved_blocks : 0;
        return {s.block_size,   s.blocks_count, s.free_blocks, available,
                s.inodes_count, s.free_inodes,  s.uuid,        s.volume_name};
    }

private:
    Disk disk_;
};

using MountedVolume = std::unique_ptr<Volume>;

// Fails with a text in the report if this is no ext2 file system, or one that cannot be read. The root directory is
// checked too, so that a volume which mounts has something to show.
inline Task<Result<MountedVolume>> mount(BlockSource& source, Report& report, u32 cache_bytes = kDefaultCacheBytes) {
    u64 device_bytes = source.size_bytes();
    disk::Superblock raw;
    if (device_bytes < disk::kSuperblockOffset + sizeof(raw))
        co_return report.bad_format("superblock: the device has only ", device_bytes, " bytes");
    Task<Status> reading = source.read(disk::kSuperblockOffset, bytes_of(raw));
    Status status = co_await reading;
    if (!status.ok()) co_return report.finding(status.error(), "superblock: ", to_string(status.error()));
    if (raw.s_magic != disk::kMagic) {
        std::array<std::byte, 1024> first;
        Task<Status> looking = source.read(0, first);
        Status looked = co_await looking;
        const std::string_view table = looked.ok() ? partition_table(first) : std::string_view();
        if (!table.empty()) co_return report.not_supported("the disk has a partition table (", table, "), and partitions are not read");
    }
    EFT_CO_TRY(Superblock superblock, parse_superblock(raw, device_bytes, report));
    auto volume = std::make_unique<Volume>(source, report, superblock, cache_bytes);
    Result<Inode> root = co_await volume->stat(InodeNumber::Root);
    if (!root.ok()) {
        bool told = root.error() == Error::BadFormat || root.error() == Error::NotSupported;
        co_return told ? root.error() : report.finding(root.error(), "inode 2: ", to_string(root.error()));
    }
    if (root->type != FileType::Directory) co_return report.bad_format("inode 2: the root is no directory");
    co_return std::move(volume);
}

}  // namespace eft::ext2
