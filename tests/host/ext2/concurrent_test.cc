// Many requests at once over a source that answers later and out of order, with a cache that is too small for them.
#include "image.h"
#include "sources.h"

#include <doctest/doctest.h>

#include <memory>

namespace fs = std::filesystem;
using namespace eft;
using namespace eft::test;

namespace {

struct Sample {
    TemporaryFolder folder;
    Image image;
    explicit Sample(unsigned block_size) {
        fill_sample_tree(folder.path());
        image = make_image(folder.path(), {.block_size = block_size, .size = "12M"});
    }
};

// Finishes reads in an order given by `random`, until the task is done or nothing is left to finish.
void settle(QueuedSource& source, std::mt19937& random) {
    while (source.pending() > 0) source.finish_one(random() % source.pending());
}

ext2::MountedVolume mounted_on(QueuedSource& source, ext2::Report& report, u32 cache_bytes) {
    auto task = ext2::mount(source, report, cache_bytes);
    task.start();
    std::mt19937 random(1);
    settle(source, random);
    REQUIRE(task.done());
    auto result = task.take();
    REQUIRE(result.ok());
    return std::move(*result);
}

struct Reader {
    std::string path;
    std::size_t piece;
    std::string contents = {};
    Error error = Error::None;
};

Task<void> read_whole(ext2::Volume& volume, Reader& reader) {
    auto inode = co_await volume.lookup(reader.path);
    reader.error = inode.error();
    if (!inode.ok()) co_return;
    std::vector<std::byte> buffer(reader.piece);
    for (;;) {
        auto count = co_await volume.read(*inode, reader.contents.size(), buffer);
        reader.error = count.error();
        if (!count.ok() || *count == 0) co_return;
        reader.contents.append(reinterpret_cast<const char*>(buffer.data()), *count);
    }
}

const char* const kPaths[] = {"/double.bin", "/single.bin",      "/direct.bin", "/sparse.bin",
                              "/slow_link",  "/deep/er/up_link", "/hello.txt",  "/folder_link/and/deeper/file"};
constexpr std::size_t kPieces[] = {5001, 4096, 65536, 300'000};

}  // namespace

TEST_CASE("concurrent readers, out of order, see the right contents even with a cache of four blocks") {
    for (unsigned block_size : {1024u, 4096u}) {
        Sample sample(block_size);
        for (unsigned seed = 0; seed < 4; ++seed) {
            CAPTURE(block_size);
            CAPTURE(seed);
            std::mt19937 random(seed);
            QueuedSource source(sample.image);
            ext2::Report report;
            auto volume = mounted_on(source, report, seed % 2 ? 0 : ext2::kDefaultCacheBytes);
            std::vector<Reader> readers;
            for (unsigned i = 0; i < 12; ++i)
                readers.push_back({kPaths[random() % std::size(kPaths)], kPieces[random() % std::size(kPieces)]});
            std::vector<Task<void>> tasks;
            for (Reader& reader : readers) tasks.push_back(read_whole(*volume, reader));
            for (Task<void>& task : tasks) task.start();
            settle(source, random);
            CHECK(source.most_pending > 1);
            for (std::size_t i = 0; i < readers.size(); ++i) {
                CAPTURE(readers[i].path);
                CHECK(tasks[i].done());
                CHECK(readers[i].error == Error::None);
                CHECK((readers[i].contents == read_host_file(sample.folder.path() / readers[i].path.substr(1))));
            }
        }
    }
}

TEST_CASE("readers of one block wait for one read") {
    Sample sample(1024);
    QueuedSource source(sample.image);
    ext2::Report report;
    auto volume = mounted_on(source, report, ext2::kDefaultCacheBytes);
    std::vector<Task<Result<ext2::Inode>>> tasks;
    for (int i = 0; i < 20; ++i) tasks.push_back(volume->lookup("/deep/er"));
    for (auto& task : tasks) task.start();
    u64 before = source.reads;
    CHECK(source.pending() == 1);

    SUBCASE("all get its result") {
        std::mt19937 random(3);
        settle(source, random);
        for (auto& task : tasks) {
            REQUIRE(task.done());
            CHECK(task.take().ok());
        }
        CHECK(source.reads - before <= 4);
    }
    SUBCASE("all get its error, and a later try reads again") {
        source.finish_one(0, Error::DeviceError);
        for (auto& task : tasks) {
            REQUIRE(task.done());
            CHECK(task.take().error() == Error::DeviceError);
        }
        auto again = volume->lookup("/deep/er");
        again.start();
        std::mt19937 random(3);
        settle(source, random);
        REQUIRE(again.done());
        CHECK(again.take().ok());
    }
    SUBCASE("if the one who reads is cancelled, another reads") {
        for (std::size_t i = 0; i < 10; ++i) tasks[i].cancel();
        CHECK(source.pending() == 1);
        std::mt19937 random(3);
        settle(source, random);
        for (std::size_t i = 10; i < tasks.size(); ++i) {
            REQUIRE(tasks[i].done());
            CHECK(tasks[i].take().ok());
        }
    }
    SUBCASE("if all are cancelled, nothing is left") {
        tasks.clear();
        CHECK(source.pending() == 0);
    }
}

TEST_CASE("cancelling requests at any moment harms no other") {
    Sample sample(1024);
    for (unsigned seed = 0; seed < 24; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        QueuedSource source(sample.image);
        ext2::Report report;
        auto volume = mounted_on(source, report, seed % 2 ? 0 : 8 * 1024);
        std::vector<Reader> readers;
        for (unsigned i = 0; i < 16; ++i) readers.push_back({kPaths[1 + random() % (std::size(kPaths) - 1)], 65536});
        std::vector<Task<void>> tasks;
        for (Reader& reader : readers) tasks.push_back(read_whole(*volume, reader));
        for (Task<void>& task : tasks) task.start();
        std::vector<bool> cancelled(tasks.size());
        for (unsigned step = 0; source.pending() > 0; ++step) {
            if (step < 40 && random() % 3 == 0) {
                std::size_t victim = random() % tasks.size();
                cancelled[victim] = true;
                tasks[victim].cancel();
            } else {
                Error error = random() % 16 == 0 ? Error::DeviceError : Error::None;
                source.finish_one(random() % source.pending(), error);
            }
        }
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            if (cancelled[i]) continue;
            CAPTURE(readers[i].path);
            REQUIRE(tasks[i].done());
            if (readers[i].error == Error::DeviceError) continue;
            CHECK(readers[i].error == Error::None);
            CHECK((readers[i].contents == read_host_file(sample.folder.path() / readers[i].path.substr(1))));
        }
    }
}
