// A tree that mke2fs -d wrote reads back as it is on the host: names, attributes, contents, links, holes.
#include "damage.h"
#include "image.h"
#include "sources.h"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

namespace fs = std::filesystem;
using namespace eft;
using namespace eft::test;
using ext2::DirectoryEntry;
using ext2::DirectoryPage;
using ext2::FileType;
using ext2::LastLink;
namespace disk = eft::ext2::disk;

namespace {

std::map<std::string, ext2::InodeNumber> list(Mounted& mounted, const ext2::Inode& directory, std::size_t page_size) {
    std::map<std::string, ext2::InodeNumber> names;
    u64 cursor = 0;
    for (bool end = false; !end;) {
        std::size_t room = page_size;
        auto sink = [&](const DirectoryEntry& entry) {
            if (room == 0) return false;
            --room;
            CHECK(names.emplace(std::string(entry.name), entry.inode).second);
            return true;
        };
        auto page = run(mounted.volume->read_directory(directory, cursor, sink));
        REQUIRE(page.ok());
        CHECK(page->next >= cursor);
        cursor = page->next;
        end = page->end;
    }
    return names;
}

void compare(Mounted& mounted, const fs::path& host, const std::string& path) {
    INFO(path);
    auto found = mounted.lookup(path, LastLink::Keep);
    REQUIRE(found.ok());
    struct stat host_stat;
    REQUIRE(lstat(host.c_str(), &host_stat) == 0);
    if (path != "/") {  // mke2fs -d leaves the root's own attributes as it makes them
        CHECK(found->mode == host_stat.st_mode);
        CHECK(found->uid == host_stat.st_uid);
        CHECK(found->gid == host_stat.st_gid);
        CHECK(found->modified.seconds == host_stat.st_mtime);
    }
    if (S_ISREG(host_stat.st_mode)) {
        CHECK(found->size == static_cast<u64>(host_stat.st_size));
        CHECK(found->links == host_stat.st_nlink);
        std::string expected = read_host_file(host);
        for (std::size_t piece : {4099u, 65536u}) {
            auto contents = mounted.contents(*found, piece);
            REQUIRE(contents.ok());
            CHECK(*contents == expected);
        }
    } else if (S_ISLNK(host_stat.st_mode)) {
        char target[4096];
        auto length = run(mounted.volume->read_link(*found, target));
        REQUIRE(length.ok());
        CHECK(std::string(target, *length) == fs::read_symlink(host).string());
        CHECK(found->fast_symlink == (*length < 60));
    } else if (S_ISDIR(host_stat.st_mode)) {
        std::set<std::string> expected{".", ".."};
        for (const auto& entry : fs::directory_iterator(host)) expected.insert(entry.path().filename().string());
        if (path == "/") expected.insert("lost+found");
        std::set<std::string> names;
        for (const auto& [name, inode] : list(mounted, *found, 3)) names.insert(name);
        CHECK(names == expected);
        for (const auto& entry : fs::directory_iterator(host))
            compare(mounted, entry.path(), path + "/" + entry.path().filename().string());
    }
}

}  // namespace

TEST_CASE("a tree reads back as it is on the host, for all block and inode sizes") {
    TemporaryFolder folder;
    fill_sample_tree(folder.path());
    for (unsigned block_size : {1024u, 2048u, 4096u}) {
        for (unsigned inode_size : {128u, 256u}) {
            CAPTURE(block_size);
            CAPTURE(inode_size);
            Image image = make_image(folder.path(), {.block_size = block_size, .inode_size = inode_size});
            Mounted mounted(image);
            compare(mounted, folder.path(), "/");
            auto status = mounted.volume->status();
            CHECK(status.block_size == block_size);
            CHECK(status.blocks == (16u << 20) / block_size);
            CHECK(status.free_blocks > 0);
            CHECK(status.available_blocks < status.free_blocks);
            CHECK(status.inodes > status.free_inodes);
        }
    }
}

TEST_CASE("a tree reads back from revision 0, without sparse_super, and beside a clean journal") {
    TemporaryFolder folder;
    fill_sample_tree(folder.path());
    for (std::string extra : {"-r 0 -O none", "-O ^sparse_super,^resize_inode", "-O has_journal", "-O ^filetype",
                              "-O metadata_csum,uninit_bg,huge_file,extra_isize"}) {
        CAPTURE(extra);
        unsigned inode_size = extra.starts_with("-r 0") ? 128 : 256;
        Image image = make_image(folder.path(), {.inode_size = inode_size, .extra = extra});
        Mounted mounted(image);
        compare(mounted, folder.path(), "/");
    }
}

TEST_CASE("a directory of 3000 entries is found and listed, with an index or without") {
    TemporaryFolder folder;
    for (int i = 0; i < 3000; ++i) std::ofstream(folder.path() / ("entry_number_" + std::to_string(i)));
    for (bool indexed : {false, true}) {
        Image image = make_image(folder.path(), {.extra = "-N 8000"});
        if (indexed) {
            // e2fsck -D builds the index; it says 1 for "changed something"
            TemporaryFolder other;
            fs::path path = other.path() / "image";
            std::ofstream(path, std::ios::binary)
                .write(reinterpret_cast<const char*>(image.data()), static_cast<std::streamsize>(image.size()));
            int status =
                std::system(("PATH=$PATH:/usr/sbin e2fsck -fyD '" + path.string() + "' >/dev/null 2>&1").c_str());
            REQUIRE(WEXITSTATUS(status) <= 1);
            std::string bytes = read_host_file(path);
            std::memcpy(image.data(), bytes.data(), bytes.size());
        }
        Mounted mounted(image);
        auto root = mounted.lookup("/");
        REQUIRE(root.ok());
        auto names = list(mounted, *root, 100);
        CHECK(names.size() == 3003);
        for (int i : {0, 1, 1499, 2999}) {
            std::string name = "entry_number_" + std::to_string(i);
            auto found = mounted.lookup("/" + name);
            REQUIRE(found.ok());
            CHECK(found->number == names[name]);
        }
        CHECK(mounted.lookup("/entry_number_3000").error() == Error::NotFound);
        // Any number is a safe cursor, and the last page stays the last.
        for (u64 cursor : {u64{7}, u64{1021}, root->size - 1, root->size, root->size + 5, ~u64{0}}) {
            auto sink = [](const DirectoryEntry&) { return true; };
            auto page = run(mounted.volume->read_directory(*root, cursor, sink));
            REQUIRE(page.ok());
            CHECK(page->end);
        }
    }
}

namespace {

// mke2fs would take minutes: a file is written that holds the blocks of a directory, and made one.
struct HugeDirectory {
    static constexpr u32 kEntries = 66'000;  // 17 MiB and more

    explicit HugeDirectory(unsigned block_size) {
        std::string blocks;
        for (u32 i = 0; i < kEntries;) {
            std::string block;
            for (; i < kEntries && block.size() + kEntryBytes <= block_size; ++i) append(block, name(i), kEntryBytes);
            const u16 left = static_cast<u16>(block_size - block.size());
            if (left != 0) append(block, {}, left);
            blocks += block;
        }
        TemporaryFolder folder;
        std::ofstream(folder.path() / "huge", std::ios::binary) << blocks;
        std::ofstream(folder.path() / "small") << "small";
        image = make_image(folder.path(), {.block_size = block_size, .size = "32M"});
        Mounted mounted(image);
        number = raw(mounted.lookup("/huge")->number);
        const u64 place = Anatomy(image).inode_offset(number);
        auto inode = get<disk::Inode>(image, place);
        inode.i_mode = disk::kModeDirectory | 0755;
        put(image, place, inode);
    }
    static std::string name(u32 i) { return std::to_string(i) + std::string(250, '_'); }

    Image image;
    u32 number;

private:
    static constexpr u16 kEntryBytes = 264;
    static void append(std::string& block, const std::string& name, u16 length) {
        constexpr u32 kTarget = disk::kRootInode;
        const disk::DirectoryEntry entry{name.empty() ? 0 : kTarget, length, static_cast<u8>(name.size()), 2};
        std::string record(reinterpret_cast<const char*>(&entry), sizeof entry);
        record += name;
        record.resize(length);
        block += record;
    }
};

}  // namespace

TEST_CASE("a directory of 17 MiB is listed and searched in pieces, and leaves in the cache what others need") {
    for (unsigned block_size : {1024u, 4096u}) {
        CAPTURE(block_size);
        const HugeDirectory huge(block_size);
        Mounted mounted(huge.image);
        REQUIRE(mounted.lookup("/small").ok());
        auto directory = mounted.lookup("/huge");
        REQUIRE(directory.ok());
        CHECK(directory->size > 17u << 20);

        mounted.source.reads = mounted.source.largest = 0;
        const std::string last = "/huge/" + HugeDirectory::name(HugeDirectory::kEntries - 1);
        CHECK(mounted.lookup(last).ok());
        const u64 tables = directory->size / block_size / (block_size / sizeof(u32)) + 3;
        MESSAGE("block size ", block_size, ": ", mounted.source.reads, " reads for a search");
        CHECK(mounted.source.reads <= directory->size / (16u << 10) + 64 + tables);
        CHECK(mounted.source.largest == 32u << 10);
        CHECK(mounted.lookup("/huge/nothing").error() == Error::NotFound);
        mounted.source.reads = 0;
        CHECK(mounted.lookup("/small").ok());
        CHECK(mounted.source.reads == 0);

        u32 listed = 0;
        auto list_all = [&] {
            u64 damaged = 0;
            listed = 0;
            for (DirectoryPage page{0, false}; !page.end;) {
                u32 room = 11;
                auto sink = [&](const DirectoryEntry& entry) {
                    if (room == 0) return false;
                    --room;
                    if (entry.damage != Error::None) ++damaged;
                    else if (const bool next = entry.name == HugeDirectory::name(listed); next || damaged != 0) ++listed;
                    return true;
                };
                auto next = run(mounted.volume->read_directory(*directory, page.next, sink));
                REQUIRE(next.ok());
                page = *next;
            }
            return damaged;
        };
        mounted.source.reads = 0;
        CHECK(list_all() == 0);
        CHECK(listed == HugeDirectory::kEntries);
        CHECK(mounted.source.reads < 2 * HugeDirectory::kEntries / 11 + 64 + tables);

        // One block that cannot be read hides its own entries only.
        const auto inode = get<disk::Inode>(huge.image, Anatomy(huge.image).inode_offset(huge.number));
        mounted.source.bad = u64{get<u32>(huge.image, u64{inode.i_block[12]} * block_size + 100 * sizeof(u32))} * block_size;
        CHECK(list_all() == 1);
        CHECK(listed == HugeDirectory::kEntries - block_size / 264);
        CHECK(mounted.lookup(last).ok());
        CHECK(mounted.lookup("/huge/nothing").error() == Error::DeviceError);
    }
}

TEST_CASE("triple indirect blocks, and files above 4 GiB, with holes in between") {
    TemporaryFolder folder;
    // At 1 KiB blocks, triple indirection begins at 12 + 256 + 65536 blocks = 64 MiB and a bit.
    auto sparse_file = [&](const char* name, u64 offset, std::string_view text) {
        std::ofstream file(folder.path() / name, std::ios::binary);
        file << "start";
        file.seekp(static_cast<std::streamoff>(offset));
        file << text;
    };
    sparse_file("triple", 70'000'000, "third level");
    sparse_file("huge", 5'000'000'123, "above four");
    for (unsigned block_size : {1024u, 4096u}) {
        Image image = make_image(folder.path(), {.block_size = block_size});
        Mounted mounted(image);
        for (auto [name, offset, text] : {std::tuple{"/triple", u64{70'000'000}, std::string("third level")},
                                          std::tuple{"/huge", u64{5'000'000'123}, std::string("above four")}}) {
            auto found = mounted.lookup(name);
            REQUIRE(found.ok());
            CHECK(found->size == offset + text.size());
            std::vector<std::byte> buffer(300'000, std::byte{0xEE});
            u64 from = offset - 200'000;
            auto count = run(mounted.volume->read(*found, from, buffer));
            REQUIRE(count.ok());
            CHECK(*count == 200'000 + text.size());
            std::string got(reinterpret_cast<const char*>(buffer.data()), *count);
            CHECK(got == std::string(200'000, '\0') + text);
            auto middle = run(mounted.volume->read(*found, 30'000'000, buffer));
            REQUIRE(middle.ok());
            CHECK(std::ranges::all_of(buffer, [](std::byte byte) { return byte == std::byte{0}; }));
            CHECK(*run(mounted.volume->read(*found, found->size, buffer)) == 0);
            CHECK(*run(mounted.volume->read(*found, ~u64{0}, buffer)) == 0);
        }
    }
}

TEST_CASE("a 32 MiB file in 64 KiB pieces takes reads of about that size") {
    TemporaryFolder folder;
    write_pattern_file(folder.path() / "big.bin", 32 << 20, 9);
    std::string expected = read_host_file(folder.path() / "big.bin");
    for (unsigned block_size : {1024u, 4096u}) {
        Image image = make_image(folder.path(), {.block_size = block_size, .size = "40M"});
        Mounted mounted(image);
        auto found = mounted.lookup("/big.bin");
        REQUIRE(found.ok());
        mounted.source.reads = 0;
        auto contents = mounted.contents(*found, 64 << 10);
        REQUIRE(contents.ok());
        CHECK((*contents == expected));
        CHECK(mounted.source.largest == 64 << 10);
        // 512 pieces; each block of pointers is read once and splits at most one piece.
        u64 pointer_blocks = (32u << 20) / block_size / (block_size / 4) + 3;
        MESSAGE("block size ", block_size, ": ", mounted.source.reads, " reads");
        CHECK(mounted.source.reads <= 512 + 2 * pointer_blocks + 8);
    }
}

TEST_CASE("attributes that no host file has here: large ids, times after 2038, devices") {
    TemporaryFolder folder;
    std::ofstream(folder.path() / "file") << "x";
    Image image = make_image(
        folder.path(), {.debugfs = {"sif file uid 70001", "sif file gid 4000000000", "sif file mtime 20500102030405",
                                    "sif file mode 0104755", "mknod pipe p", "mknod disk b 8 1", "mknod tty c 4 64"}});
    Mounted mounted(image);
    auto file = mounted.lookup("/file");
    REQUIRE(file.ok());
    CHECK(file->uid == 70001);
    CHECK(file->gid == 4'000'000'000);
    CHECK(file->modified.seconds == 2'524'705'445);
    CHECK(file->mode == 0104755);
    CHECK(mounted.lookup("/pipe")->type == FileType::Fifo);
    CHECK(mounted.lookup("/disk")->type == FileType::BlockDevice);
    CHECK(mounted.lookup("/tty")->type == FileType::CharacterDevice);
    std::byte bytes[4];
    CHECK(run(mounted.volume->read(*mounted.lookup("/tty"), 0, bytes)).error() == Error::NotSupported);
}
