// Searching and listing directories, in the order of the disk. Section "Linked List Directory".
#pragma once

#include "fs/ext2/block_map.h"
#include "fs/ext2/directory.h"
#include "fs/ext2/disk.h"

#include <algorithm>
#include <concepts>
#include <memory>

namespace eft::ext2 {

// Takes an entry and says true, or says false if it has no room: then the listing ends before that entry. The name is
// valid during the call only.
template <class Sink>
concept DirectorySink = requires(Sink& sink, const DirectoryEntry& entry) {
    { sink(entry) } -> std::same_as<bool>;
};

struct DirectoryPage {
    u64 next;  // the cursor to go on with; a byte offset, so it stays good over remounts
    bool end;  // nothing is left
};

// A directory's beginning is read through the cache, so that most look-ups find it there. What lies behind it goes past the
// cache: a long directory would replace everything in it. And so each piece of a long search waits for the disk, and others
// have their turn, even where a damaged directory names the same block a million times.
constexpr u64 kCachedDirectoryBytes = 64 * 1024;
// What a search reads at once behind that.
constexpr u32 kSearchBytes = 32 * 1024;
// After so many places that cannot be read a search ends. They need not wait for the disk.
constexpr u32 kMostUnreadable = 1024;

// Some blocks of a directory, one at least: their bytes are in a buffer, or `error` says why none of them can be read.
struct DirectoryPiece {
    Error error;
    u64 bytes;
};

// The blocks at `position`, a multiple of the block size below the directory's size: as many as follow each other on the disk
// and fit into the buffer, which has room for one.
inline Task<DirectoryPiece> read_piece(Disk& disk, const Inode& directory, u64 position, std::span<std::byte> buffer) {
    const u64 block_size = disk.superblock.block_size;
    const u64 first = position / block_size;
    const bool cached = position < kCachedDirectoryBytes;
    Result<Run> run = co_await map_run(disk, directory, first, cached ? 1 : directory.size / block_size - first);
    if (!run.ok() && !cached) run = co_await map_run(disk, directory, first, 1);  // a later one may be what is damaged
    if (!run.ok()) co_return DirectoryPiece{run.error(), block_size};
    if (run->hole()) {
        const Error hole = disk.report.bad_format("directory inode ", raw(directory.number), ": hole at ", position);
        co_return DirectoryPiece{hole, run->count * block_size};
    }
    if (cached) {
        const Status copied = co_await disk.cache.copy(run->first, 0, buffer.first(block_size));
        co_return DirectoryPiece{copied.error(), block_size};
    }
    u64 bytes = std::min(run->count * block_size, buffer.size() - buffer.size() % block_size);
    Status status = co_await disk.source.read(run->first * block_size, buffer.first(bytes));
    if (!status.ok() && bytes > block_size) {  // and so here
        bytes = block_size;
        status = co_await disk.source.read(run->first * block_size, buffer.first(bytes));
    }
    co_return DirectoryPiece{status.error(), bytes};
}

// Of one block, and no other.
inline bool concerns_one_block(Error error) {
    return error == Error::BadFormat || error == Error::NotSupported || error == Error::DeviceError;
}

// Entries from `cursor` on. A cursor inside an entry, which this never gave, starts with that entry. Blocks that cannot be
// read are a damaged entry. The buffer has room for a block, and is what is read at once.
template <DirectorySink Sink>
Task<Result<DirectoryPage>> list_directory(Disk& disk, Inode directory, u64 cursor, Sink& sink, std::span<std::byte> buffer) {
    if (directory.type != FileType::Directory) co_return Error::NotDirectory;
    const u32 block_size = disk.superblock.block_size;
    for (u64 position = cursor - cursor % block_size; position < directory.size;) {
        const DirectoryPiece piece = co_await read_piece(disk, directory, position, buffer);
        if (piece.error != Error::None) {
            if (!concerns_one_block(piece.error)) co_return piece.error;
            const DirectoryEntry unread{piece.error, InodeNumber{0}, std::nullopt, {}, position + piece.bytes};
            if (!sink(unread)) co_return DirectoryPage{cursor, false};
            cursor = unread.next;
        } else {
            for (u64 done = 0; done < piece.bytes; done += block_size) {
                DirectoryBlock block(buffer.subspan(done, block_size), directory.number, position + done, disk.superblock, disk.report);
                while (const std::optional<DirectoryEntry> entry = block.next()) {
                    if (entry->next <= cursor) continue;
                    if (!sink(*entry)) co_return DirectoryPage{cursor, false};
                    cursor = entry->next;
                }
            }
        }
        position += piece.bytes;
    }
    co_return DirectoryPage{directory.size, true};
}

struct FoundEntry {
    InodeNumber inode;
    u64 searched;  // bytes of the directory up to it
};

// Where it is damaged, or not found and something else is, the error says why that cannot be read.
inline Task<Result<FoundEntry>> find_in_directory(Disk& disk, Inode directory, std::string_view name) {
    if (directory.type != FileType::Directory) co_return Error::NotDirectory;
    if (name.size() > kMaxName) co_return Error::NameTooLong;
    struct Search {
        std::string_view name;
        std::optional<FoundEntry> found;
        Error damage = Error::None;
        u32 unreadable = 0;
        bool operator()(const DirectoryEntry& entry) {
            if (entry.damage != Error::None) {
                if (entry.name.empty() || entry.name == name) damage = entry.damage;
                return !entry.name.empty() || ++unreadable < kMostUnreadable;
            }
            if (entry.name != name) return true;
            found = FoundEntry{entry.inode, entry.next};
            return false;
        }
    };
    Search search{name, std::nullopt};
    const std::size_t bytes = directory.size > kCachedDirectoryBytes ? kSearchBytes : disk.superblock.block_size;
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(bytes);
    EFT_CO_CHECK(co_await list_directory(disk, directory, 0, search, std::span(buffer.get(), bytes)));
    if (!search.found) co_return search.damage != Error::None ? search.damage : Error::NotFound;
    co_return *search.found;
}

}  // namespace eft::ext2
