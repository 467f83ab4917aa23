// Paths: dots, slashes, links, and every limit.
#include "image.h"
#include "sources.h"

#include <doctest/doctest.h>

namespace fs = std::filesystem;
using namespace eft;
using namespace eft::test;
using ext2::FileType;
using ext2::LastLink;

namespace {

struct Tree {
    TemporaryFolder folder;
    Image image;
    Tree() {
        const fs::path& root = folder.path();
        fill_sample_tree(root);
        fs::create_symlink("loop", root / "loop");
        fs::create_symlink("ring_b", root / "ring_a");
        fs::create_symlink("ring_a", root / "ring_b");
        // Links in a row, each the last name of the one before: up to 40 may be followed.
        fs::create_symlink("hello.txt", root / "chain0");
        for (int i = 1; i <= 41; ++i)
            fs::create_symlink("chain" + std::to_string(i - 1), root / ("chain" + std::to_string(i)));
        // Links inside links: `nestN/x` opens nest(N-1), and so on, with a rest to walk at each level.
        fs::create_symlink("deep", root / "nest0");
        for (int i = 1; i <= 9; ++i)
            fs::create_symlink("nest" + std::to_string(i - 1) + "/.", root / ("nest" + std::to_string(i)));
        fs::create_symlink(std::string(4094, '/') + ".", root / "longest");
        fs::create_symlink("hello.txt/", root / "slash_link");
        image = make_image(root, {.block_size = 4096});
    }
};

}  // namespace

TEST_CASE("paths lead where they lead on the host") {
    Tree tree;
    Mounted mounted(tree.image);
    auto number = [&](std::string_view path) {
        auto found = mounted.lookup(path);
        return found.ok() ? raw(found->number) : 0;
    };
    auto error = [&](std::string_view path) { return mounted.lookup(path).error(); };
    u32 hello = number("/hello.txt");
    u32 bottom = number("/deep/er/and/deeper/file");
    REQUIRE(hello != 0);
    REQUIRE(bottom != 0);

    SUBCASE("dots and slashes") {
        CHECK(number("/") == 2);
        CHECK(number("///") == 2);
        CHECK(number("/..") == 2);
        CHECK(number("/../../.") == 2);
        CHECK(number("hello.txt") == hello);
        CHECK(number("//deep//er/.././../hello.txt") == hello);
        CHECK(number("/deep/") == number("/deep"));
        CHECK(number("/deep/er/..") == number("/deep"));
        CHECK(error("") == Error::NotFound);
    }
    SUBCASE("links") {
        CHECK(number("/fast_link") == hello);
        CHECK(number("/slow_link") == bottom);
        CHECK(number("/deep/er/up_link") == hello);
        CHECK(number("/folder_link/and/deeper/file") == bottom);
        CHECK(number("/folder_link/../../hello.txt") == hello);
        CHECK(number("/deep/hard_link") == hello);
        CHECK(mounted.lookup("/fast_link", LastLink::Keep)->type == FileType::Symlink);
        CHECK(mounted.lookup("/folder_link/", LastLink::Keep)->type == FileType::Directory);
        CHECK(mounted.lookup("/folder_link/er/../and", LastLink::Keep).error() == Error::NotFound);
        CHECK(mounted.lookup("/dangling", LastLink::Keep).ok());
        CHECK(error("/dangling") == Error::NotFound);
    }
    SUBCASE("what is no directory has nothing in it") {
        CHECK(error("/hello.txt/") == Error::NotDirectory);
        CHECK(error("/hello.txt/x") == Error::NotDirectory);
        CHECK(error("/hello.txt/..") == Error::NotDirectory);
        CHECK(error("/fast_link/") == Error::NotDirectory);
        CHECK(error("/slash_link") == Error::NotDirectory);
        CHECK(error("/nothing") == Error::NotFound);
        CHECK(error("/nothing/x") == Error::NotFound);
    }
    SUBCASE("limits of links") {
        CHECK(error("/loop") == Error::TooManyLinks);
        CHECK(error("/ring_a/x") == Error::TooManyLinks);
        CHECK(number("/chain39") == hello);                // 40 links
        CHECK(error("/chain40") == Error::TooManyLinks);   // 41
        CHECK(number("/nest7/er") == number("/deep/er"));  // 8 open at once
        CHECK(error("/nest8/er") == Error::TooManyLinks);
    }
    SUBCASE("limits of names and paths") {
        CHECK(number("/" + std::string(255, 'n')) != 0);
        CHECK(error("/" + std::string(256, 'n')) == Error::NameTooLong);
        CHECK(number(std::string(4086, '/') + "hello.txt") == hello);
        CHECK(error(std::string(4087, '/') + "hello.txt") == Error::NameTooLong);
        CHECK(number("/longest/hello.txt") == hello);
    }
    SUBCASE("a path without a leading slash begins at the start") {
        auto deeper = mounted.lookup("/deep/er/and/deeper");
        REQUIRE(deeper.ok());
        auto walk = [&](std::string_view path) {
            return run(mounted.volume->lookup(path, LastLink::Follow, deeper->number));
        };
        CHECK(raw(walk("file")->number) == bottom);
        CHECK(raw(walk("../../up_link")->number) == hello);
        CHECK(raw(walk("/hello.txt")->number) == hello);
        CHECK(run(mounted.volume->lookup("x", LastLink::Follow, ext2::InodeNumber{hello})).error() ==
              Error::NotDirectory);
        CHECK(run(mounted.volume->lookup("x", LastLink::Follow, ext2::InodeNumber{0})).error() == Error::OutOfRange);
    }
    SUBCASE("each call refuses the wrong type") {
        char target[4096];
        std::byte bytes[16];
        auto file = mounted.lookup("/hello.txt");
        auto folder = mounted.lookup("/deep");
        auto link = mounted.lookup("/slow_link", LastLink::Keep);
        auto sink = [](const ext2::DirectoryEntry&) { return true; };
        CHECK(run(mounted.volume->read_link(*file, target)).error() == Error::InvalidArgument);
        CHECK(run(mounted.volume->read_link(*link, std::span(target).first(10))).error() == Error::OutOfRange);
        CHECK(run(mounted.volume->read(*folder, 0, bytes)).error() == Error::IsDirectory);
        CHECK(run(mounted.volume->read(*link, 0, bytes)).error() == Error::NotSupported);
        CHECK(run(mounted.volume->read_directory(*file, 0, sink)).error() == Error::NotDirectory);
        CHECK(run(mounted.volume->find(*file, "x")).error() == Error::NotDirectory);
    }
}
