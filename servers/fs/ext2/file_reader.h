// The bytes of a file: of a regular one, and of a slow symbolic link.
//
// Whole blocks are read straight into the destination, neighbours on the disk with one read; the odd ends, and reads of
// at most one block, go through the cache, so that small reads do not read a block again and again.
#pragma once

#include "fs/ext2/block_map.h"
#include "fs/ext2/disk.h"

#include <algorithm>
#include <cstring>

namespace eft::ext2 {

// Whole blocks that wait to be read at once.
struct PendingRead {
    u64 first = 0;
    u64 count = 0;
    std::byte* destination = nullptr;

    bool continued_by(const Run& run) const { return count != 0 && first + count == run.first; }
};

inline Task<Status> flush(Disk& disk, PendingRead& pending) {
    if (pending.count == 0) co_return Status{};
    u64 block_size = disk.superblock.block_size;
    std::span<std::byte> destination(pending.destination, pending.count * block_size);
    u64 position = pending.first * block_size;
    pending.count = 0;
    Task<Status> reading = disk.source.read(position, destination);
    Status status = co_await reading;
    co_return status;
}

// A part of one block.
inline Task<Status> read_part(Disk& disk, const Inode& inode, u64 file_block, u32 within, std::span<std::byte> piece) {
    EFT_CO_TRY(Run run, co_await map_run(disk, inode, file_block, 1));
    if (run.hole()) {
        std::memset(piece.data(), 0, piece.size());
        co_return Status{};
    }
    Status status = co_await disk.cache.copy(run.first, within, piece);
    co_return status;
}

// As many bytes as there are from `offset` on and the destination takes; 0 at and behind the end.
inline Task<Result<u64>> read_bytes(Disk& disk, Inode inode, u64 offset, std::span<std::byte> destination) {
    if (offset >= inode.size) co_return u64{0};
    u32 block_size = disk.superblock.block_size;
    u64 total = std::min<u64>(destination.size(), inode.size - offset);
    const bool small = total <= block_size;
    PendingRead pending;
    for (u64 done = 0; done < total;) {
        u64 file_block = (offset + done) / block_size;
        u32 within = static_cast<u32>((offset + done) % block_size);
        u64 left = total - done;
        if (small || within != 0 || left < block_size) {
            u64 size = std::min<u64>(left, block_size - within);
            EFT_CO_CHECK(co_await read_part(disk, inode, file_block, within, destination.subspan(done, size)));
            done += size;
            continue;
        }
        EFT_CO_TRY(Run run, co_await map_run(disk, inode, file_block, left / block_size));
        u64 size = u64{run.count} * block_size;
        if (run.hole()) {
            std::memset(destination.data() + done, 0, size);
        } else if (pending.continued_by(run) &&
                   pending.destination + pending.count * block_size == &destination[done]) {
            pending.count += run.count;
        } else {
            EFT_CO_CHECK(co_await flush(disk, pending));
            pending = PendingRead{run.first, run.count, &destination[done]};
        }
        done += size;
    }
    EFT_CO_CHECK(co_await flush(disk, pending));
    co_return total;
}

inline Task<Result<u64>> read_file(Disk& disk, Inode inode, u64 offset, std::span<std::byte> destination) {
    if (inode.type == FileType::Directory) co_return Error::IsDirectory;
    if (inode.type != FileType::Regular) co_return Error::NotSupported;
    Result<u64> count = co_await read_bytes(disk, inode, offset, destination);
    co_return count;
}

// The target, without a terminator. OutOfRange if the destination is too small.
inline Task<Result<u64>> read_target(Disk& disk, Inode inode, std::span<char> destination) {
    if (inode.type != FileType::Symlink) co_return Error::InvalidArgument;
    if (inode.size > destination.size()) co_return Error::OutOfRange;
    std::span<char> target = destination.first(inode.size);
    if (inode.fast_symlink) {
        std::memcpy(target.data(), inode.blocks.data(), target.size());
    } else {
        EFT_CO_CHECK(co_await read_bytes(disk, inode, 0, std::as_writable_bytes(target)));
    }
    if (std::ranges::find(target, '\0') != target.end())
        co_return disk.report.bad_format("inode ", raw(inode.number), ": symbolic link with a zero in its target");
    co_return u64{inode.size};
}

}  // namespace eft::ext2
