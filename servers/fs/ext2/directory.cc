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

// `length`: of what cannot be read.
template <class... Parts>
DirectoryEntry DirectoryBlock::damaged(std::string_view name, std::size_t length, const Parts&... parts) {
    const Error error = report_.bad_format("directory inode ", raw(directory_), ": entry at ", position_ + offset_, ": ", parts...);
    return {error, InodeNumber{0}, std::nullopt, name, position_ + offset_ + length};
}

std::optional<DirectoryEntry> DirectoryBlock::next() {
    while (offset_ < block_.size()) {
        const std::size_t left = block_.size() - offset_;
        disk::DirectoryEntry header;
        std::optional<DirectoryEntry> entry;
        if (left < sizeof(header)) {
            entry = damaged({}, left, "header crosses the end of the block");
            offset_ = block_.size();
            return entry;
        }
        std::memcpy(&header, block_.data() + offset_, sizeof(header));
        if (header.rec_len < sizeof(header) || header.rec_len % kEntryAlignment != 0)
            entry = damaged({}, left, "record length ", header.rec_len, " is impossible");
        else if (header.rec_len > left)
            entry = damaged({}, left, "record crosses the end of the block");
        if (entry) {
            offset_ = block_.size();
            return entry;
        }
        entry = parse(header);
        offset_ += header.rec_len;
        if (entry) return entry;
    }
    return std::nullopt;
}

// Nothing if the entry is unused.
std::optional<DirectoryEntry> DirectoryBlock::parse(const disk::DirectoryEntry& header) {
    if (header.inode == 0) return std::nullopt;
    const std::size_t length = header.rec_len;
    if (header.name_len == 0 || header.name_len > header.rec_len - sizeof(header))
        return damaged({}, length, "name length ", header.name_len, " is impossible");
    if (!superblock_.filetype && header.file_type != 0) return damaged({}, length, "name length above 255");

    const char* text = reinterpret_cast<const char*>(block_.data() + offset_ + sizeof(header));
    std::string_view name(text, header.name_len);
    if (name.find('/') != name.npos || name.find('\0') != name.npos) return damaged({}, length, "name has a forbidden character");
    if (!superblock_.nameable_inode(header.inode)) return damaged(name, length, "inode ", header.inode, " cannot have a name");
    DirectoryEntry entry{Error::None, InodeNumber{header.inode}, std::nullopt, name, position_ + offset_ + length};
    if (superblock_.filetype) entry.type = type_of(header.file_type);
    return entry;
}

}  // namespace eft::ext2
