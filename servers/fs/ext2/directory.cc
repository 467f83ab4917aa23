#include "fs/ext2/directory.h"

#include <cstring>

namespace eft::ext2 {
namespace {

constexpr u32 kEntryAlignment = 4;

// Section "file_type"
std::optional<FileType> type_of(u8 value) {
    switch (value) {
        case 1: return FileType::Regular;
        case 2: return FileType::Directory;
        case 3: return FileType::CharacterDevice;
        case 4: return FileType::BlockDevice;
        case 5: return FileType::Fifo;
        case 6: return FileType::Socket;
        case 7: return FileType::Symlink;
        default: return std::nullopt;
    }
}

}  // namespace

template <class... Parts>
Error DirectoryBlock::damaged(const Parts&... parts) {
    return report_.bad_format("directory inode ", raw(directory_), ": entry at ", position_ + offset_, ": ", parts...);
}

Result<std::optional<DirectoryEntry>> DirectoryBlock::next() {
    while (offset_ < block_.size()) {
        std::size_t left = block_.size() - offset_;
        disk::DirectoryEntry header;
        if (left < sizeof(header)) return damaged("header crosses the end of the block");
        std::memcpy(&header, block_.data() + offset_, sizeof(header));
        if (header.rec_len < sizeof(header) || header.rec_len % kEntryAlignment != 0)
            return damaged("record length ", header.rec_len, " is impossible");
        if (header.rec_len > left) return damaged("record crosses the end of the block");
        EFT_TRY(std::optional<DirectoryEntry> entry, parse(header));
        offset_ += header.rec_len;
        if (entry) return entry;
    }
    return std::optional<DirectoryEntry>{};
}

// Nothing if the entry is unused.
Result<std::optional<DirectoryEntry>> DirectoryBlock::parse(const disk::DirectoryEntry& header) {
    if (header.inode == 0) return std::optional<DirectoryEntry>{};
    if (!superblock_.nameable_inode(header.inode)) return damaged("inode ", header.inode, " cannot have a name");
    if (header.name_len == 0 || header.name_len > header.rec_len - sizeof(header))
        return damaged("name length ", header.name_len, " is impossible");
    if (!superblock_.filetype && header.file_type != 0) return damaged("name length above 255");

    const char* text = reinterpret_cast<const char*>(block_.data() + offset_ + sizeof(header));
    std::string_view name(text, header.name_len);
    if (name.find('/') != name.npos || name.find('\0') != name.npos) return damaged("name has a forbidden character");
    DirectoryEntry entry{InodeNumber{header.inode}, std::nullopt, name, position_ + offset_ + header.rec_len};
    if (superblock_.filetype) entry.type = type_of(header.file_type);
    return std::optional<DirectoryEntry>(entry);
}

}  // namespace eft::ext2
