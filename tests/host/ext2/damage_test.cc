// Damaged disks: clear errors, bounded work, and nothing that a sanitizer sees.
#include "damage.h"

#include <doctest/doctest.h>

#include <set>

using namespace eft;
using namespace eft::test;
namespace disk = eft::ext2::disk;

namespace {

const Image& sample(unsigned block_size) {
    static Image images[2];
    Image& image = images[block_size == 4096];
    if (image.empty()) {
        TemporaryFolder folder;
        fill_sample_tree(folder.path());
        image = make_image(folder.path(), {.block_size = block_size, .size = "12M"});
    }
    return image;
}

// The text of a mount that must fail.
std::string refusal(const Image& image, Error expected) {
    MemorySource source{image};
    ext2::Report report;
    auto result = run(ext2::mount(source, report));
    CHECK_FALSE(result.ok());
    CHECK(result.error() == expected);
    CHECK_FALSE(report.text().empty());
    return std::string(report.text());
}

std::string superblock_refusal(Error expected, void (*change)(disk::Superblock&)) {
    Image image = sample(1024);
    auto superblock = get<disk::Superblock>(image, disk::kSuperblockOffset);
    change(superblock);
    put(image, disk::kSuperblockOffset, superblock);
    return refusal(image, expected);
}

// Errors of walking over an image in which one inode was changed.
std::pair<std::vector<Error>, std::string> inode_damage(std::string_view path, void (*change)(disk::Inode&)) {
    Image image = sample(1024);
    Anatomy anatomy(image);
    u32 number;
    {
        Mounted mounted(image);
        number = raw(mounted.lookup(path, ext2::LastLink::Keep)->number);
    }
    auto inode = get<disk::Inode>(image, anatomy.inode_offset(number));
    change(inode);
    put(image, anatomy.inode_offset(number), inode);
    Mounted mounted(image);
    Walk result = walk(mounted);
    return {result.errors, std::string(mounted.report.text())};
}

void expect_one(std::pair<std::vector<Error>, std::string> got, Error error, std::string_view words) {
    INFO(got.second);
    REQUIRE(got.first.size() >= 1);
    for (Error each : got.first) CHECK(each == error);
    CHECK(got.second.find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("features that are not supported are refused by name") {
    using S = disk::Superblock;
    auto text = superblock_refusal(Error::NotSupported, [](S& s) { s.s_feature_incompat |= 0x40 | 0x80; });
    CHECK(text.find("extents") != std::string::npos);
    CHECK(text.find("64bit") != std::string::npos);
    CHECK(text.find("flex_bg") == std::string::npos);
    text = superblock_refusal(Error::NotSupported, [](S& s) { s.s_feature_incompat |= 0x4; });
    CHECK(text.find("needs_recovery") != std::string::npos);
    text = superblock_refusal(Error::NotSupported, [](S& s) { s.s_feature_incompat |= 0x80000000; });
    CHECK(text.find("2147483648") != std::string::npos);
    text = superblock_refusal(Error::NotSupported, [](S& s) { s.s_rev_level = 2; });
    CHECK(text.find("revision 2") != std::string::npos);

    // The real tools agree about the names.
    TemporaryFolder folder;
    for (std::string feature : {"extents", "64bit", "flex_bg", "meta_bg", "inline_data", "mmp", "ea_inode", "casefold",
                                "encrypt", "large_dir"}) {
        CAPTURE(feature);
        std::string options = "-O " + feature;
        if (feature == "64bit") options += ",extents";
        if (feature == "meta_bg") options += ",^resize_inode";
        Image image = make_image(folder.path(), {.extra = options, .size = "12M"});
        CHECK(refusal(image, Error::NotSupported).find(feature) != std::string::npos);
    }
}

TEST_CASE("an impossible superblock is refused with what is wrong") {
    using S = disk::Superblock;
    auto says = [](std::string_view words, void (*change)(S&)) {
        std::string text = superblock_refusal(Error::BadFormat, change);
        INFO(text);
        CHECK(text.find(words) != std::string::npos);
    };
    says("no ext2", [](S& s) { s.s_magic = 0; });
    says("inode size", [](S& s) { s.s_inode_size = 0; });
    says("inode size", [](S& s) { s.s_inode_size = 192; });
    says("inode size", [](S& s) { s.s_inode_size = 2048; });
    says("first inode", [](S& s) { s.s_first_ino = 2; });
    says("first data block", [](S& s) { s.s_first_data_block = 0xFFFFFFFF; });
    says("too few", [](S& s) { s.s_blocks_count = 0; });
    says("more than the device", [](S& s) { s.s_blocks_count += 1; });
    says("more than the device", [](S& s) { s.s_blocks_count = 0xFFFFFFFF; });
    says("blocks per group", [](S& s) { s.s_blocks_per_group = 0; });
    says("blocks per group", [](S& s) { s.s_blocks_per_group = 8193; });
    says("inodes per group", [](S& s) { s.s_inodes_per_group = 0; });
    says("inodes per group", [](S& s) { s.s_inodes_per_group = 0xFFFFFFFF; });
    says("inodes do not fit", [](S& s) { s.s_inodes_count = 0xFFFFFFFF; });
    CHECK(superblock_refusal(Error::NotSupported, [](S& s) { s.s_log_block_size = 31; }).find("block size") !=
          std::string::npos);
    for (std::size_t size : {0, 1024, 2047})
        CHECK(refusal(Image(size), Error::BadFormat).find("only") != std::string::npos);
    refusal(Image(2048), Error::BadFormat);
}

TEST_CASE("group tables outside of their group are refused") {
    for (int field : {0, 1, 2}) {
        for (u32 value : {0u, 1u, 2u, 8190u, 0xFFFFFFFFu}) {
            Image image = sample(1024);
            put(image, Anatomy(image).descriptors.first + static_cast<u64>(field) * sizeof(u32), value);
            if (field == 2 || value < 100 || value > 8192)
                CHECK(refusal(image, Error::BadFormat).find("group 0: ") != std::string::npos);
        }
    }
}

TEST_CASE("damaged inodes are refused with their number") {
    using I = disk::Inode;
    auto bad = [](std::string_view path, std::string_view words, void (*change)(I&)) {
        CAPTURE(path);
        CAPTURE(words);
        expect_one(inode_damage(path, change), Error::BadFormat, words);
    };
    bad("/hello.txt", "names no file type", [](I& i) { i.i_mode = 0; });
    bad("/deep/er/and", "without links", [](I& i) { i.i_links_count = 0; });
    bad("/direct.bin", "cannot be addressed", [](I& i) { i.i_dir_acl = 0xFFFFFFFF; });
    bad("/empty_folder", "not in whole blocks", [](I& i) { i.i_size = 1000; });
    bad("/empty_folder", "too large", [](I& i) { i.i_size = 0x7FFFFC00; });
    bad("/empty_folder", "hole", [](I& i) { i.i_size = 2048; });
    bad("/fast_link", "symbolic link of 61 bytes", [](I& i) { i.i_size = 61; });
    bad("/fast_link", "symbolic link of 0 bytes", [](I& i) { i.i_size = 0; });
    bad("/fast_link", "zero in its target", [](I& i) { i.i_block[0] = 0; });
    bad("/slow_link", "symbolic link of 1025 bytes", [](I& i) { i.i_size = 1025; });
    bad("/direct.bin", "data at block 4294967295 is outside", [](I& i) { i.i_block[0] = 0xFFFFFFFF; });
    bad("/direct.bin", "data at block 1 is inside", [](I& i) { i.i_block[0] = 1; });
    bad("/single.bin", "indirect block at block 2 is inside", [](I& i) { i.i_block[12] = 2; });
    bad("/double.bin", "indirect block at block 999999 is outside", [](I& i) { i.i_block[13] = 999'999; });
    expect_one(inode_damage("/hello.txt", [](I& i) { i.i_flags = 0x80000; }), Error::NotSupported, "extents");
    expect_one(inode_damage("/hello.txt", [](I& i) { i.i_flags = 0x10000000; }), Error::NotSupported, "inline_data");
}

TEST_CASE("damaged directory entries are refused with their place") {
    const Image& whole = sample(1024);
    u64 first = Anatomy(whole).directories.front().first;  // the root's: `.` is its first entry
    // What stands behind the bad entry is found, unless nobody knows where that is.
    auto bad = [&](std::string_view words, u64 offset, disk::DirectoryEntry entry, Error behind = Error::BadFormat) {
        Image image = whole;
        put(image, first + offset, entry);
        Mounted mounted(image);
        Walk result = walk(mounted);
        std::string text(mounted.report.text());
        INFO(text);
        REQUIRE(result.errors.size() == 1);
        CHECK(text.find(words) != std::string::npos);
        CHECK(text.find("directory inode 2: entry at ") != std::string::npos);
        CHECK(mounted.lookup("/hello.txt").error() == behind);
    };
    bad("record length 0", 0, {2, 0, 1, 2});
    bad("record length 4", 0, {2, 4, 1, 2});
    bad("record length 13", 0, {2, 13, 1, 2});
    bad("crosses the end", 0, {2, 1028, 1, 2});
    bad("crosses the end", 12, {2, 1016, 2, 2});
    bad("name length 0", 0, {2, 12, 0, 2}, Error::None);
    bad("name length 5", 0, {2, 12, 5, 2}, Error::None);
    bad("inode 7 cannot", 0, {7, 12, 1, 2}, Error::None);
    bad("inode 4294967295 cannot", 0, {0xFFFFFFFF, 12, 1, 2}, Error::None);
    Image image = whole;
    put(image, first + 8, '/');
    Mounted mounted(image);
    CHECK(walk(mounted).errors.size() == 1);
}

TEST_CASE("circles of directories and of pointer blocks end") {
    // A directory that contains itself under a name, and whose `..` is itself.
    Image image = sample(1024);
    Anatomy anatomy(image);
    u32 folder;
    u32 victim;
    {
        Mounted mounted(image);
        folder = raw(mounted.lookup("/deep/er/and")->number);
        victim = raw(mounted.lookup("/double.bin")->number);
    }
    auto inode = get<disk::Inode>(image, anatomy.inode_offset(folder));
    u64 block = inode.i_block[0] * anatomy.block_size;
    put(image, block + 12, folder);
    auto third = get<disk::DirectoryEntry>(image, block + 24);
    third.inode = folder;
    put(image, block + 24, third);
    // A double indirect block that is its own pointer, again and again.
    auto file = get<disk::Inode>(image, anatomy.inode_offset(victim));
    for (u32 i = 0; i < 256; ++i) put(image, file.i_block[13] * anatomy.block_size + i * sizeof(u32), file.i_block[13]);
    Mounted mounted(image);
    std::string path = "/deep/er/and";
    while (path.size() + 7 <= ext2::kMaxPath) path += "/deeper";
    CHECK(raw(mounted.lookup(path)->number) == folder);
    CHECK(raw(mounted.lookup("/deep/er/and/../../..")->number) == folder);
    walk(mounted);
    CHECK(mounted.source.reads < 2000);
}

TEST_CASE("a directory that repeats one block for megabytes costs bounded work, and waits for the disk all the time") {
    Image image = sample(1024);
    Anatomy anatomy(image);
    u32 folder;
    u32 donor;
    {
        Mounted mounted(image);
        folder = raw(mounted.lookup("/deep")->number);
        donor = raw(mounted.lookup("/double.bin")->number);
    }
    auto directory = get<disk::Inode>(image, anatomy.inode_offset(folder));
    auto tables = get<disk::Inode>(image, anatomy.inode_offset(donor));
    const auto pointers = tables.i_block[13] * anatomy.block_size;
    const auto last_table = get<u32>(image, pointers);
    for (u32 i = 0; i < 256; ++i) {
        put(image, tables.i_block[12] * anatomy.block_size + i * sizeof(u32), directory.i_block[0]);
        put(image, last_table * anatomy.block_size + i * sizeof(u32), directory.i_block[0]);
        put(image, pointers + i * sizeof(u32), tables.i_block[12]);
    }
    // The last block alone has a name for the directory itself.
    constexpr u32 kBlocks = 11 << 10, kLast = kBlocks - 1 - 12 - 256;
    put(image, pointers + kLast / 256 * sizeof(u32), last_table);
    put(image, last_table * anatomy.block_size + kLast % 256 * sizeof(u32), tables.i_block[0]);
    put(image, tables.i_block[0] * anatomy.block_size, disk::DirectoryEntry{folder, 1024, 5, 2});
    std::memcpy(&image[tables.i_block[0] * anatomy.block_size + sizeof(disk::DirectoryEntry)], "again", 5);
    for (u32 slot = 1; slot < 12; ++slot) directory.i_block[slot] = directory.i_block[0];
    directory.i_block[12] = tables.i_block[12];
    directory.i_block[13] = tables.i_block[13];
    directory.i_size = kBlocks * 1024;
    put(image, anatomy.inode_offset(folder), directory);
    Mounted mounted(image);
    CHECK(mounted.lookup("/deep/er/and/deeper/file").ok());
    mounted.source.reads = 0;
    CHECK(mounted.lookup("/deep/nothing").error() == Error::NotFound);
    CHECK(mounted.source.reads > kBlocks - 100);
    CHECK(mounted.source.reads < kBlocks + 100);
    CHECK(mounted.lookup("/deep/again/er/../again").ok());
    CHECK(mounted.lookup("/deep/again/again/again").error() == Error::LimitReached);
    CHECK(mounted.report.text().find("bytes of directories") != std::string_view::npos);
    u64 entries = 0;
    auto sink = [&](const ext2::DirectoryEntry&) { return ++entries < 1'000'000; };
    auto page = run(mounted.volume->read_directory(*mounted.lookup("/deep"), 0, sink));
    REQUIRE(page.ok());
    CHECK(entries == (kBlocks - 1) * 4 + 1);  // `.`, `..`, `er` and `hard_link` in each block but the last
}

TEST_CASE("holes of a directory are passed over at once, and a search among them gives up") {
    Image image = sample(1024);
    Anatomy anatomy(image);
    u32 folder;
    u32 donor;
    {
        Mounted mounted(image);
        folder = raw(mounted.lookup("/deep")->number);
        donor = raw(mounted.lookup("/double.bin")->number);
    }
    auto directory = get<disk::Inode>(image, anatomy.inode_offset(folder));
    directory.i_size = 11 << 20;
    put(image, anatomy.inode_offset(folder), directory);
    auto count = [](Mounted& mounted) {
        u64 holes = 0;
        auto sink = [&](const ext2::DirectoryEntry& entry) {
            holes += entry.damage == Error::BadFormat;
            return true;
        };
        CHECK(run(mounted.volume->read_directory(*mounted.lookup("/deep"), 0, sink))->end);
        return holes;
    };
    {
        Mounted mounted(image);
        CHECK(count(mounted) < 70);  // one by one in what is cached
        CHECK(mounted.lookup("/deep/nothing").error() == Error::BadFormat);
        CHECK(mounted.lookup("/deep/er").ok());
    }
    // Every other pointer leads outside.
    auto tables = get<disk::Inode>(image, anatomy.inode_offset(donor));
    for (u32 i = 0; i < 256; ++i) {
        put(image, tables.i_block[12] * anatomy.block_size + i * sizeof(u32), i % 2 == 0 ? u32{0} : ~u32{0});
        put(image, tables.i_block[13] * anatomy.block_size + i * sizeof(u32), tables.i_block[12]);
    }
    directory.i_block[13] = tables.i_block[13];
    put(image, anatomy.inode_offset(folder), directory);
    Mounted mounted(image);
    CHECK(count(mounted) > 10'000);
    const u64 before = mounted.report.count();
    CHECK(mounted.lookup("/deep/nothing").error() == Error::BadFormat);
    CHECK(mounted.report.count() - before < 3000);
}

TEST_CASE("200 seeded variants of random damage: a full walk is bounded, and errors are clear") {
    unsigned mounts = 0;
    unsigned damaged_walks = 0;
    u64 most_reads = 0;
    std::set<std::string> texts;
    for (unsigned seed = 0; seed < 200; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Image image = sample(seed % 2 ? 4096 : 1024);
        Anatomy anatomy(image);
        auto one_of = [&](const std::vector<Area>& areas) { return areas[random() % areas.size()]; };
        // The superblock stops most mounts, so only some variants touch it.
        unsigned kinds = 1 + random() % 3;
        for (unsigned i = 0; i < kinds; ++i) {
            Area area{};
            switch (random() % 8) {
                case 0: area = anatomy.superblock; break;
                case 1: area = anatomy.descriptors; break;
                case 2:
                case 3: area = one_of(anatomy.inodes); break;
                case 4:
                case 5: area = one_of(anatomy.directories); break;
                case 6: area = one_of(anatomy.pointer_blocks); break;
                case 7: area = {anatomy.inode_tables[0] + anatomy.inode_size, 2 * anatomy.block_size}; break;
            }
            for (unsigned bytes = 1 + random() % 40; bytes > 0; --bytes)
                image[area.first + random() % area.size] = static_cast<std::byte>(random());
        }
        MemorySource source{image};
        ext2::Report report;
        auto result = run(ext2::mount(source, report));
        if (!result.ok()) {
            bool clear = result.error() == Error::BadFormat || result.error() == Error::NotSupported;
            CHECK(clear);
            CHECK(report.text().size() > 10);
            texts.insert(std::string(report.text().substr(0, 30)));
            continue;
        }
        ++mounts;
        Mounted mounted(image);
        Walk seen = walk(mounted);
        damaged_walks += !seen.errors.empty();
        texts.insert(std::string(mounted.report.text().substr(0, 30)));
        most_reads = std::max(most_reads, mounted.source.reads);
        // And by name, with whatever links have become.
        for (const char* path : {"/slow_link", "/deep/er/up_link", "/folder_link/and/deeper/file", "/fast_link"})
            (void)mounted.lookup(path).ok();
    }
    MESSAGE(mounts, " of 200 mount, ", damaged_walks, " walks met damage, ", texts.size(), " kinds of text, at most ",
            most_reads, " reads");
    CHECK(mounts > 60);
    CHECK(damaged_walks > 40);
    CHECK(most_reads < 100'000);
}

TEST_CASE("a source that fails at the Nth read gives that error, and the next try succeeds") {
    const Image& image = sample(1024);
    u64 total;
    {
        Mounted mounted(image, 8 * 1024);
        walk(mounted);
        total = mounted.source.reads;
    }
    REQUIRE(total > 40);
    for (u64 n = 0; n < total; n += n < 60 ? 1 : 13) {
        CAPTURE(n);
        MemorySource source{image};
        source.fail_at = n;
        ext2::Report report;
        auto result = run(ext2::mount(source, report, 8 * 1024));
        if (!result.ok()) {
            CHECK(result.error() == Error::DeviceError);
            CHECK(report.text().find("device error") != report.text().npos);
            continue;
        }
        Mounted mounted(image, 8 * 1024);
        mounted.source.fail_at = n;
        Walk first = walk(mounted);
        CHECK(first.errors.size() == 1);
        CHECK(first.errors.front() == Error::DeviceError);
        Walk second = walk(mounted);
        CHECK(second.errors.empty());
    }
}
