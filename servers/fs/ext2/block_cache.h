// A bounded cache of blocks, least recently used first out. It holds metadata, the odd ends of files, and what was
// read block by block; larger pieces of file data go past it, straight to their destination.
//
// The only way out is a copy: a caller's data cannot be replaced under it while it waits for something else, and it
// checks what it uses. Readers that want a block which is being read wait for that read. If the reader is cancelled,
// one of those who wait reads again.
//
// Who ends a read runs those who wait for it, before its own request goes on: they must not destroy that request. The
// cache must outlive the tasks that it has given out.
#pragma once

#include "fs/ext2/block_source.h"
#include <eft/wait_list.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace eft::ext2 {

class BlockCache {
public:
    BlockCache(BlockSource& source, u32 block_size, u32 line_count)
        : source_(source),
          block_size_(block_size),
          bytes_(std::make_unique<std::byte[]>(std::size_t{block_size} * line_count)),
          lines_(line_count) {}

    // Copies bytes of one block, which must lie on the disk. `offset` and the size must lie within the block.
    Task<Status> copy(u32 block, u32 offset, std::span<std::byte> destination) {
        for (;;) {
            Line* line = find(block);
            if (line == nullptr) {
                line = oldest();
                if (line != nullptr) {
                    Status status = co_await load(*line, block, offset, destination);
                    co_return status;
                }
                Waiter waiter(any_loaded_);  // all lines are being read
                [[maybe_unused]] Status any = co_await waiter.woken;
            } else if (line->state == State::Valid) {
                copy_out(*line, offset, destination);
                co_return Status{};
            } else {
                Waiter waiter(line->waiters);
                Status status = co_await waiter.woken;
                if (!status.ok() && status.error() != Error::Cancelled) co_return status.error();
            }
        }
    }

private:
    enum class State : u8 { Empty, Loading, Valid };
    struct Line {
        u32 block = 0;
        State state = State::Empty;
        u64 last_use = 0;
        WaitList waiters;
    };

    // Makes sure that a line leaves the state Loading, also when its reader is destroyed.
    struct Loading {
        BlockCache& cache;
        Line& line;
        Status result = Error::Cancelled;
        Loading(BlockCache& owner, Line& loaded, u32 block) : cache(owner), line(loaded) {
            line.block = block;
            line.state = State::Loading;
        }
        Loading(const Loading&) = delete;
        Loading& operator=(const Loading&) = delete;
        ~Loading() {
            line.state = result.ok() ? State::Valid : State::Empty;
            WaitList woken;  // those who come back to a list meanwhile wait for its next turn
            woken.take(line.waiters);
            woken.take(cache.any_loaded_);  // all: the first need not want the line any more
            woken.wake_all(result);
        }
    };

    Task<Status> load(Line& line, u32 block, u32 offset, std::span<std::byte> destination) {
        Loading loading(*this, line, block);
        Task<Status> reading = source_.read(u64{block} * block_size_, bytes_of(line));
        loading.result = co_await reading;
        if (loading.result.ok()) copy_out(line, offset, destination);
        co_return loading.result;
    }

    std::span<std::byte> bytes_of(const Line& line) {
        std::size_t index = static_cast<std::size_t>(&line - lines_.data());
        return {bytes_.get() + index * block_size_, block_size_};
    }
    void copy_out(Line& line, u32 offset, std::span<std::byte> destination) {
        line.last_use = ++clock_;
        std::memcpy(destination.data(), bytes_of(line).data() + offset, destination.size());
    }
    Line* find(u32 block) {
        for (Line& line : lines_)
            if (line.state != State::Empty && line.block == block) return &line;
        return nullptr;
    }
    // An empty line, or else the valid one that was not used for the longest time; null if all are being read.
    Line* oldest() {
        Line* best = nullptr;
        for (Line& line : lines_) {
            if (line.state == State::Empty) return &line;
            if (line.state == State::Valid && (best == nullptr || line.last_use < best->last_use)) best = &line;
        }
        return best;
    }

    BlockSource& source_;
    u32 block_size_;
    std::unique_ptr<std::byte[]> bytes_;
    std::vector<Line> lines_;
    WaitList any_loaded_;
    u64 clock_ = 0;
};

}  // namespace eft::ext2
