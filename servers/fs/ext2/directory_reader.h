// Searching and listing directories, in the order of the disk. Section "Linked List Directory".
#pragma once

#include "fs/ext2/block_map.h"
#include "fs/ext2/directory.h"
#include "fs/ext2/disk.h"

#include <array>
#include <concepts>

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

// Copies the block of the directory at `position`, a multiple of the block size below its size.
inline Task<Status> copy_directory_block(Disk& disk, const Inode& directory, u64 position,
                                  std::span<std::byte> destination) {
    EFT_CO_TRY(Run run, co_await map_run(disk, directory, position / disk.superblock.block_size, 1));
    if (run.hole()) co_return disk.report.bad_format("directory inode ", raw(directory.number), ": hole at ", position);
    Status status = co_await disk.cache.copy(run.first, 0, destination);
    co_return status;
}

// Of one block, and no other.
inline bool concerns_one_block(Error error) {
    return error == Error::BadFormat || error == Error::NotSupported || error == Error::DeviceError;
}

// Entries from `cursor` on. A cursor inside an entry, which this never gave, starts with that entry. A block that cannot be
// read is a damaged entry.
template <DirectorySink Sink>
Task<Result<DirectoryPage>> list_directory(Disk& disk, Inode directory, u64 cursor, Sink& sink) {
    if (directory.type != FileType::Directory) co_return Error::NotDirectory;
    u32 block_size = disk.superblock.block_size;
    std::array<std::byte, kMaxBlockSize> copy;
    std::span<std::byte> bytes = std::span(copy).first(block_size);
    for (u64 position = cursor - cursor % block_size; position < directory.size; position += block_size) {
        const Status copied = co_await copy_directory_block(disk, directory, position, bytes);
        if (!copied.ok()) {
            if (!concerns_one_block(copied.error())) co_return copied.error();
            const DirectoryEntry unread{copied.error(), InodeNumber{0}, std::nullopt, {}, position + block_size};
            if (!sink(unread)) co_return DirectoryPage{cursor, false};
            cursor = unread.next;
            continue;
        }
        DirectoryBlock block(bytes, directory.number, position, disk.superblock, disk.report);
        for (;;) {
            const std::optional<DirectoryEntry> entry = block.next();
            if (!entry) break;
            if (entry->next <= cursor) continue;
            if (!sink(*entry)) co_return DirectoryPage{cursor, false};
            cursor = entry->next;
        }
    }
    co_return DirectoryPage{directory.size, true};
}

// Where it is damaged, or not found and something else is, the error says why that cannot be read.
inline Task<Result<InodeNumber>> find_in_directory(Disk& disk, Inode directory, std::string_view name) {
    if (directory.type != FileType::Directory) co_return Error::NotDirectory;
    if (name.size() > kMaxName) co_return Error::NameTooLong;
    struct Search {
        std::string_view name;
        std::optional<InodeNumber> found;
        Error damage = Error::None;
        bool operator()(const DirectoryEntry& entry) {
            if (entry.damage != Error::None && (entry.name.empty() || entry.name == name)) damage = entry.damage;
            if (entry.damage != Error::None || entry.name != name) return true;
            found = entry.inode;
            return false;
        }
    };
    Search search{name, std::nullopt};
    EFT_CO_CHECK(co_await list_directory(disk, directory, 0, search));
    if (!search.found) co_return search.damage != Error::None ? search.damage : Error::NotFound;
    co_return *search.found;
}

}  // namespace eft::ext2
