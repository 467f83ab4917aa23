#include "damage.h"

namespace eft::test {

using ext2::DirectoryEntry;
using ext2::FileType;

Anatomy::Anatomy(const Image& image) {
    auto raw = get<ext2::disk::Superblock>(image, ext2::disk::kSuperblockOffset);
    block_size = 1024u << raw.s_log_block_size;
    inode_size = raw.s_inode_size;
    inodes_per_group = raw.s_inodes_per_group;
    u32 groups = (raw.s_blocks_count - raw.s_first_data_block + raw.s_blocks_per_group - 1) / raw.s_blocks_per_group;
    superblock = {ext2::disk::kSuperblockOffset, 136};
    descriptors = {(raw.s_first_data_block + 1) * block_size, groups * sizeof(ext2::disk::GroupDescriptor)};
    for (u32 group = 0; group < groups; ++group) {
        auto descriptor =
            get<ext2::disk::GroupDescriptor>(image, descriptors.first + group * sizeof(ext2::disk::GroupDescriptor));
        inode_tables.push_back(descriptor.bg_inode_table * block_size);
    }
    for (u32 number = 2; number <= raw.s_inodes_count; ++number) {
        auto inode = get<ext2::disk::Inode>(image, inode_offset(number));
        if (inode.i_links_count == 0 || (number != 2 && number < raw.s_first_ino)) continue;
        inodes.push_back({inode_offset(number), inode_size});
        if ((inode.i_mode & ext2::disk::kModeTypeMask) == ext2::disk::kModeDirectory)
            directories.push_back({inode.i_block[0] * block_size, block_size});
        if ((inode.i_mode & ext2::disk::kModeTypeMask) != ext2::disk::kModeRegular) continue;
        for (u32 slot : {12, 13})
            if (inode.i_block[slot] != 0) pointer_blocks.push_back({inode.i_block[slot] * block_size, block_size});
    }
}

u64 Anatomy::inode_offset(u32 number) const {
    return inode_tables[(number - 1) / inodes_per_group] + (number - 1) % inodes_per_group * inode_size;
}

namespace {

constexpr u64 kMaxEntries = 3000;
constexpr unsigned kMaxWalkDepth = 12;
constexpr u64 kPiece = 64 << 10;

struct Walker {
    Mounted& mounted;
    Walk result;

    void note(Error error, u64 count_before) {
        result.errors.push_back(error);
        switch (error) {
            case Error::BadFormat:
            case Error::NotSupported:
                CHECK(mounted.report.count() > count_before);
                CHECK(mounted.report.text().size() > 10);
                break;
            case Error::DeviceError: break;
            default: FAIL_CHECK("unexpected error: ", to_string(error));
        }
    }

    void read(const ext2::Inode& inode, u64 offset) {
        std::vector<std::byte> buffer(kPiece);
        u64 before = mounted.report.count();
        auto count = run(mounted.volume->read(inode, offset, buffer));
        if (!count.ok()) return note(count.error(), before);
        CHECK(*count <= kPiece);
        result.bytes += *count;
    }

    void visit(ext2::InodeNumber number, unsigned depth) {
        if (++result.entries > kMaxEntries) return;
        u64 before = mounted.report.count();
        auto inode = run(mounted.volume->stat(number));
        if (!inode.ok()) return note(inode.error(), before);
        if (inode->type == FileType::Regular) {
            for (u64 piece = 0; piece < 4; ++piece) read(*inode, piece * kPiece);
            if (inode->size > kPiece) read(*inode, inode->size - kPiece + 1);
        } else if (inode->type == FileType::Symlink) {
            char target[4096];
            auto length = run(mounted.volume->read_link(*inode, target));
            if (!length.ok()) note(length.error(), before);
        } else if (inode->type == FileType::Directory && depth < kMaxWalkDepth) {
            std::vector<ext2::InodeNumber> children;
            auto sink = [&](const DirectoryEntry& entry) {
                CHECK(entry.name.size() <= ext2::kMaxName);
                if (entry.damage != Error::None) note(entry.damage, before);
                else if (entry.name != "." && entry.name != "..") children.push_back(entry.inode);
                return children.size() < kMaxEntries;
            };
            auto page = run(mounted.volume->read_directory(*inode, 0, sink));
            if (!page.ok()) note(page.error(), before);
            for (ext2::InodeNumber child : children) visit(child, depth + 1);
        }
    }
};

}  // namespace

Walk walk(Mounted& mounted) {
    Walker walker{mounted, {}};
    walker.visit(ext2::InodeNumber::Root, 0);
    return walker.result;
}

}  // namespace eft::test
