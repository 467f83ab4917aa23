// Directories with the attributes of what is in them: of any size, damaged, and changed while they are listed.
#include "fixture.h"

#include <eft/file.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>

using namespace eft;
using namespace eft::test;

namespace {

constexpr std::size_t kAtOnce = file::DetailedListing::kAttributesMax;
constexpr const char* kLong = "ls";  // file names of the largest folders begin so

std::string numbered(std::size_t number) { return kLong + std::to_string(1000 + number); }

// Folders with so many entries, "." and ".." among them: /entries48 is one, the size of each file its number.
Image folders(const std::vector<std::size_t>& entries, const std::vector<std::string>& debugfs = {}) {
    const TemporaryFolder folder;
    for (const std::size_t count : entries) {
        const auto path = folder.path() / ("entries" + std::to_string(count));
        std::filesystem::create_directory(path);
        for (std::size_t i = 0; i + 2 < count; ++i) std::ofstream(path / numbered(i)) << std::string(i, 'x');
    }
    const auto names = folder.path() / "names";
    std::filesystem::create_directory(names);
    for (char c = 'a'; c <= 'p'; ++c) std::ofstream(names / std::string(255, c)) << c;
    std::filesystem::create_symlink("names", folder.path() / "link");
    return make_image(folder.path(), {.block_size = 1024, .size = "12M", .debugfs = debugfs});
}

struct Listed {
    std::map<std::string, file::EntryAttributes> entries;
    unsigned damaged = 0, answers = 0;
    std::size_t most_at_once = 0;
};

// One answer; the next cursor.
std::optional<u64> list_some(File& directory, u64 cursor, Listed& listed) {
    std::size_t count = 0;
    const auto next = directory.list_details(cursor, [&](const DirectoryEntry& entry, const file::EntryAttributes& attributes) {
        ++count;
        if (entry.type == file::FileType::Damaged) {
            ++listed.damaged;
            CHECK(attributes.mode == 0);
            CHECK(attributes.size == 0);
        } else {
            CHECK(listed.entries.emplace(entry.name, attributes).second);
        }
    });
    REQUIRE(next.ok());
    ++listed.answers;
    listed.most_at_once = std::max(listed.most_at_once, count);
    return *next;
}

Listed list_all(FileSystem& files, const std::string& path) {
    Listed listed;
    auto directory = files.open(path);
    REQUIRE(directory.ok());
    for (std::optional<u64> cursor = 0; cursor;) cursor = list_some(*directory, *cursor, listed);
    return listed;
}

std::size_t place_of(const Image& image, std::string_view text) {
    const auto* bytes = reinterpret_cast<const char*>(image.data());
    const auto* found = std::search(bytes, bytes + image.size(), text.begin(), text.end());
    REQUIRE(found != bytes + image.size());
    return static_cast<std::size_t>(found - bytes);
}

}  // namespace

STAGE_CASE(Served, "each entry comes once, with what Stat says of it, whatever the size of the directory") {
    const std::vector<std::size_t> sizes = {2, 3, kAtOnce - 1, kAtOnce, kAtOnce + 1, 2 * kAtOnce, 2 * kAtOnce + 1, 500};
    plan.image = folders(sizes);
    WakeLoop loop;
    FileSystem files(loop);
    REQUIRE(files.connect("file/0").ok());
    for (const std::size_t size : sizes) {
        CAPTURE(size);
        const std::string path = "/entries" + std::to_string(size);
        const Listed listed = list_all(files, path);
        CHECK(listed.entries.size() == size);
        CHECK(listed.most_at_once <= kAtOnce);
        CHECK(listed.answers >= (size + kAtOnce - 1) / kAtOnce);
        for (std::size_t i = 0; i + 2 < size; i += 37) {
            const auto stat = files.stat(path + "/" + numbered(i));
            const file::EntryAttributes& details = listed.entries.at(numbered(i));
            REQUIRE(stat.ok());
            CHECK(details.size == i);
            CHECK(details.size == stat->size);
            CHECK(details.mode == stat->mode);
            CHECK(details.links == stat->links);
            CHECK(details.uid == stat->uid);
            CHECK(details.gid == stat->gid);
            CHECK(details.modified == stat->modified);
            CHECK(details.modified_nanoseconds == stat->modified_nanoseconds);
        }
    }
    CHECK(list_all(files, "/names").entries.size() == 18);  // a few fill an answer
    CHECK((list_all(files, "/").entries.at("link").mode & 0170000) == 0120000);  // not followed
}

STAGE_CASE(Served, "a directory without any block has no entries") {
    plan.image = folders({3}, {"set_inode_field /entries3 size 0"});
    WakeLoop loop;
    FileSystem files(loop);
    REQUIRE(files.connect("file/0").ok());
    CHECK(list_all(files, "/entries3").entries.empty());
}

STAGE_CASE(Served, "an entry that is damaged, or leads to what cannot be read, has no attributes, and hides no other") {
    plan.image = folders({20}, {"set_inode_field /entries20/" + numbered(3) + " mode 0"});
    const std::size_t damaged = place_of(plan.image, numbered(9));
    plan.image[damaged - 4] = std::byte{3};  // the length of the entry
    plan.image[damaged - 3] = std::byte{0};
    const std::size_t beyond = place_of(plan.image, numbered(5)) - 8;
    std::memset(&plan.image[beyond], 0x7f, sizeof(u32));  // there is no such inode
    WakeLoop loop;
    FileSystem files(loop);
    REQUIRE(files.connect("file/0").ok());
    const Listed listed = list_all(files, "/entries20");
    CHECK(listed.damaged == 2);
    CHECK(listed.entries.at(numbered(3)).mode == 0);
    CHECK(listed.entries.at(numbered(4)).mode != 0);
    CHECK_FALSE(listed.entries.contains(numbered(9)));
    CHECK(files.explain(Error::BadFormat) != "");
}

STAGE_CASE(Served, "a listing goes on behind entries that are removed meanwhile, also in the next incarnation") {
    plan.image = folders({3 * kAtOnce});
    WakeLoop loop;
    FileSystem files(loop);
    REQUIRE(files.connect("file/0").ok());
    auto directory = files.open("/entries" + std::to_string(3 * kAtOnce));
    REQUIRE(directory.ok());
    Listed listed;
    std::optional<u64> cursor = list_some(*directory, 0, listed);
    // As rm does: the entry before has its place, too (or, at the beginning of a block, the inode is 0). Of those that came, the
    // last, and of those to come, every third.
    const auto remove = [&](const std::string& name) {
        const std::size_t place = place_of(plan.image, name) - 8;
        std::memset(&plan.image[place], 0, sizeof(u32));
    };
    std::vector<std::string> removed;
    std::string last;
    for (std::size_t i = 0; i + 2 < 3 * kAtOnce; ++i) {
        if (listed.entries.contains(numbered(i))) last = numbered(i);
        else if (i % 3 == 0) removed.push_back(numbered(i));
    }
    remove(last);
    for (const std::string& name : removed) remove(name);
    stage.kill(server);
    while (cursor) cursor = list_some(*directory, *cursor, listed);
    for (std::size_t i = 0; i + 2 < 3 * kAtOnce; ++i) {
        const bool is_removed = std::find(removed.begin(), removed.end(), numbered(i)) != removed.end();
        CHECK(listed.entries.contains(numbered(i)) != is_removed);
    }
    CHECK(listed.damaged == 0);
}

STAGE_CASE(Served, "handles and cursors that nobody gave are refused or end, and the session lives on") {
    plan.image = folders({200});
    TestClient client(*this, 5);
    REQUIRE(client.open("/entries200", 0).ok());
    REQUIRE(client.open("/entries200/" + numbered(1), 1).ok());
    const auto answer = [&](u32 handle, u64 cursor) {
        file::ListRequest request;
        request.handle = handle;
        request.cursor = cursor;
        return client.calls.read_directory_details(request);
    };
    CHECK(answer(1, 0).error() == Error::NotDirectory);
    CHECK(answer(2, 0).error() == Error::StaleSession);
    CHECK(answer(32, 0).error() == Error::OutOfRange);
    CHECK(answer(~0u, 0).error() == Error::OutOfRange);
    for (const u64 cursor : {u64{1}, u64{7}, u64{1023}, u64{1025}, u64{1} << 20, u64{1} << 40, u64{1} << 63, ~u64{0} - 1023, ~u64{0}}) {
        CAPTURE(cursor);
        const auto listing = answer(0, cursor);
        if (!listing.ok()) continue;
        CHECK(listing->attributes.size() <= kAtOnce);
        CHECK((listing->end || listing->next > cursor));
    }
    CHECK(server.deaths == 0);
    CHECK(answer(0, 0)->attributes.size() == kAtOnce);
}
