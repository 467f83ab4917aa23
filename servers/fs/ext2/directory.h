// The entries of one directory block, in order. Section "Directory Structure", "Linked List Directory".
//
// Directories with an index (dir_index) read the same: their index blocks look like unused entries.
#pragma once

#include "fs/ext2/inode.h"
#include "fs/ext2/report.h"
#include "fs/ext2/superblock.h"

#include <eft/abi/result.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace eft::ext2 {

constexpr u32 kMaxName = 255;

struct DirectoryEntry {
    // Why it cannot be read. Then `inode` and `type` say nothing; without a name the rest of its block cannot be read either.
    Error damage;
    InodeNumber inode;
    std::optional<FileType> type;  // as the entry says; the inode decides. Empty without the filetype feature
    std::string_view name;         // in the block that was parsed
    u64 next;                      // the cursor behind this entry
};

// Walks one block that the caller has copied. Every step goes forward by at least a header, and none leaves the block.
class DirectoryBlock {
public:
    // `position`: where in the directory the block starts; for cursors and messages.
    DirectoryBlock(std::span<const std::byte> block, InodeNumber directory, u64 position, const Superblock& superblock,
                   Report& report)
        : block_(block), directory_(directory), position_(position), superblock_(superblock), report_(report) {}

    // The next used entry, or nothing at the end of the block. What is damaged is an entry, and stands in the report.
    std::optional<DirectoryEntry> next();

private:
    std::optional<DirectoryEntry> parse(const disk::DirectoryEntry& header);
    template <class... Parts>
    DirectoryEntry damaged(std::string_view name, std::size_t length, const Parts&... parts);

    std::span<const std::byte> block_;
    InodeNumber directory_;
    u64 position_;
    const Superblock& superblock_;
    Report& report_;
    std::size_t offset_ = 0;
};

}  // namespace eft::ext2
