// libos' FileSystem over the product's server: paths that take several messages, and directories that are damaged.
#include "fixture.h"

#include <eft/file.h>

#include <algorithm>
#include <cstring>

using namespace eft;
using namespace eft::test;

namespace {

std::string repeated(std::string_view part, std::size_t times) {
    std::string text;
    for (; times > 0; --times) text.append(part);
    return text;
}

// The place of a name's entry among the first directory blocks that hold it.
std::size_t entry_of(const Image& image, std::string_view name) {
    const auto* bytes = reinterpret_cast<const char*>(image.data());
    for (std::size_t at = 8; at + name.size() <= image.size(); ++at)
        if (std::memcmp(bytes + at, name.data(), name.size()) == 0 && static_cast<u8>(bytes[at - 2]) == name.size() && bytes[at - 1] == 1) return at - 8;
    return 0;
}

}  // namespace

STAGE_CASE(Served, "a path that is too long for a message is walked in pieces") {
    WakeLoop loop;
    FileSystem files(loop);
    REQUIRE(files.connect("file/0").ok());
    constexpr std::size_t kPiece = file::Opening::kPathMax;
    const u32 bottom = files.stat("/deep/er/and/deeper/file")->inode;
    const auto leads_to_bottom = [&](const std::string& path) {
        const auto found = files.stat(path);
        return found.ok() && found->inode == bottom && files.open(path).ok();
    };
    // Around one message, several, and as many as there may be.
    for (const std::size_t rounds : {kPiece / 6 - 5, kPiece / 6 - 4, kPiece / 6 - 3, 2 * kPiece / 6, FileSystem::kMaxPath / 6 - 5}) {
        CAPTURE(rounds);
        CHECK(leads_to_bottom("/deep/er" + repeated("/../er", rounds) + "/and/deeper/file"));
        CHECK(files.stat("/deep/er" + repeated("/../er", rounds) + "/nothing").error() == Error::NotFound);
        CHECK(files.stat("/nothing" + repeated("/../er", rounds) + "/and/deeper/file").error() == Error::NotFound);
        CHECK(files.stat("/hello.txt" + repeated("/../er", rounds)).error() == Error::NotDirectory);
    }
    // Wherever a piece ends: in a run of slashes, at a link, in the last name.
    for (std::size_t slashes = kPiece - 40; slashes < kPiece + 10; ++slashes) {
        CAPTURE(slashes);
        CHECK(leads_to_bottom(repeated("/", slashes) + "deep/er/and/deeper/file"));
        CHECK(leads_to_bottom("/folder_link" + repeated("/", slashes) + "and/deeper/file"));
        CHECK(leads_to_bottom("/deep/er/and/deeper" + repeated("/.", slashes / 2) + "/file"));
    }
    CHECK(files.stat(repeated("/", FileSystem::kMaxPath))->type == file::FileType::Directory);
    CHECK(files.stat(repeated("/", FileSystem::kMaxPath + 1)).error() == Error::NameTooLong);
    CHECK(files.stat("/" + repeated("n", kPiece)).error() == Error::NameTooLong);
    CHECK(files.stat(repeated("n", kPiece + 1)).error() == Error::NameTooLong);
    CHECK(files.stat("/deep/" + repeated("n", 2 * kPiece)).error() == Error::NameTooLong);
    CHECK(files.stat(repeated("/", 2 * kPiece) + repeated("n", 255))->type == file::FileType::Regular);
    CHECK(files.open(repeated("/", FileSystem::kMaxPath + 1)).error() == Error::NameTooLong);
}

STAGE_CASE(Served, "a damaged directory shows what can be read, names what cannot, and says why") {
    const std::size_t damaged = entry_of(plan.image, "hello.txt");
    REQUIRE(damaged != 0);
    plan.image[damaged + 4] = std::byte{3};  // the length of the entry
    plan.image[damaged + 5] = std::byte{0};
    WakeLoop loop;
    FileSystem files(loop);
    REQUIRE(files.connect("file/0").ok());
    auto root = files.open("/");
    REQUIRE(root.ok());
    std::vector<std::string> shown;
    unsigned damages = 0;
    for (std::optional<u64> cursor = 0; cursor;) {
        const auto next = root->list(*cursor, [&](const DirectoryEntry& entry) {
            if (entry.type == file::FileType::Damaged) ++damages;
            else shown.emplace_back(entry.name);
        });
        REQUIRE(next.ok());
        cursor = *next;
    }
    CHECK(damages == 1);
    CHECK(files.explain(Error::BadFormat).find("directory") != std::string::npos);
    CHECK(files.explain(Error::NotFound).empty());  // that is not what it was about
    CHECK(std::find(shown.begin(), shown.end(), ".") != shown.end());
    // The entries of its block before it are there, and those of other directories.
    CHECK(files.stat("/deep/er/and/deeper/file").ok());
}

namespace {

// `so_far`: how many it has read, at any time.
Task<unsigned> read_often(File& file, unsigned times, unsigned* so_far = nullptr) {
    unsigned good = 0;
    std::byte byte;
    for (; times > 0; --times) {
        const Result<u64> count = co_await file.read(0, {&byte, 1});
        good += count.ok() && *count == 1;
        if (so_far) *so_far = good;
    }
    co_return good;
}

}  // namespace

STAGE_CASE(Served, "a read that waits for the disk while the ring comes round to it fails nobody") {
    constexpr unsigned kOften = 2 * file::File::kRingEntries;
    WakeLoop loop;
    FileSystem files(loop);
    REQUIRE(files.connect("file/0").ok());
    auto slow = files.open("/deep/er/and/deeper/file"), quick = files.open("/hello.txt");
    REQUIRE((slow.ok() && quick.ok()));
    REQUIRE(loop.run(read_often(*quick, 1)) == 1);
    plan.holds = true;
    Task<unsigned> waiting = read_often(*slow, 1);
    waiting.start();
    REQUIRE(loop.run(read_often(*quick, 1)) == 1);  // what it wants is known, and the server has begun the other one
    plan.holds = false;
    CHECK(!waiting.done());
    unsigned read = 0;
    Task<unsigned> reading = read_often(*quick, kOften, &read);
    reading.start();
    while (read < file::File::kRingEntries - 2) loop.run_once();  // then there is no entry left, and it waits
    CHECK(!reading.done());
    stage.signal(server, TestServer::kFinish);
    while (!reading.done()) loop.run_once();
    CHECK(reading.take() == kOften);
    CHECK(waiting.take() == 1);
}
