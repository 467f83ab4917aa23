// Disks in memory for the ext2 tests: one that answers at once, counts and fails on order, and one that answers later
// and in another order. Both insist on what BlockSource promises to be asked.
#pragma once

#include "image.h"

#include "fs/ext2/volume.h"

#include <doctest/doctest.h>

#include <cstring>
#include <list>
#include <random>

namespace eft::test {

inline void check_request(const Image& image, u64 offset, std::size_t size) {
    CHECK(size > 0);
    CHECK(offset % ext2::kReadAlignment == 0);
    CHECK(size % ext2::kReadAlignment == 0);
    CHECK(offset <= image.size());
    CHECK(size <= image.size() - offset);
}

struct MemorySource final : ext2::BlockSource {
    explicit MemorySource(const Image& from) : image(from) {}
    const Image& image;
    u64 reads = 0;
    u64 largest = 0;
    u64 fail_at = ~u64{0};  // the read with this number, counted from 0, fails
    u64 bad = ~u64{0};      // so does every read of the byte at this place

    u64 size_bytes() const override { return image.size(); }
    Task<Status> read(u64 offset, std::span<std::byte> destination) override {
        check_request(image, offset, destination.size());
        largest = std::max<u64>(largest, destination.size());
        const bool failed = reads++ == fail_at || (bad >= offset && bad - offset < destination.size());
        if (failed) co_return Error::DeviceError;
        std::memcpy(destination.data(), image.data() + offset, destination.size());
        co_return Status{};
    }
};

// Keeps each read until finish_one() picks it. A read whose Task was destroyed is forgotten.
class QueuedSource final : public ext2::BlockSource {
public:
    explicit QueuedSource(const Image& image) : image_(image) {}

    u64 reads = 0;
    std::size_t most_pending = 0;
    u64 size_bytes() const override { return image_.size(); }

    Task<Status> read(u64 offset, std::span<std::byte> destination) override {
        check_request(image_, offset, destination.size());
        ++reads;
        Request request(pending_, offset, destination);
        most_pending = std::max(most_pending, pending_.size());
        Status status = co_await request.finished;
        co_return status;
    }

    std::size_t pending() const { return pending_.size(); }
    void finish_one(std::size_t index, Error error = Error::None) {
        Request* request = *std::next(pending_.begin(), static_cast<std::ptrdiff_t>(index));
        pending_.remove(request);
        if (error == Error::None)
            std::memcpy(request->destination.data(), image_.data() + request->offset, request->destination.size());
        request->finished.set(error == Error::None ? Status{} : Status{error});
    }

private:
    struct Request {
        std::list<Request*>& queue;
        u64 offset;
        std::span<std::byte> destination;
        Completion<Status> finished;
        Request(std::list<Request*>& into, u64 at, std::span<std::byte> where)
            : queue(into), offset(at), destination(where) {
            queue.push_back(this);
        }
        Request(const Request&) = delete;
        Request& operator=(const Request&) = delete;
        ~Request() { queue.remove(this); }
    };

    const Image& image_;
    std::list<Request*> pending_;
};

// Runs a task over a source that answers at once.
template <class T>
T run(Task<T> task) {
    task.start();
    REQUIRE(task.done());
    return task.take();
}

// A mounted image.
struct Mounted {
    explicit Mounted(const Image& image, u32 cache_bytes = ext2::kDefaultCacheBytes) : source{image} {
        auto result = run(ext2::mount(source, report, cache_bytes));
        INFO(std::string(report.text()));
        REQUIRE(result.ok());
        volume = std::move(*result);
    }

    Result<ext2::Inode> lookup(std::string_view path, ext2::LastLink last = ext2::LastLink::Follow) {
        return run(volume->lookup(path, last));
    }
    // The whole file in pieces of one size.
    Result<std::string> contents(const ext2::Inode& inode, std::size_t piece) {
        std::string out;
        std::vector<std::byte> buffer(piece);
        for (;;) {
            Result<u64> count = run(volume->read(inode, out.size(), buffer));
            if (!count.ok()) return count.error();
            if (*count == 0) return out;
            out.append(reinterpret_cast<const char*>(buffer.data()), *count);
        }
    }

    MemorySource source;
    ext2::Report report;
    ext2::MountedVolume volume;
};

}  // namespace eft::test
