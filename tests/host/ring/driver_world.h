// A driver, its disk, and the ring of its one client. Reads complete when the test says so, writes at once, and flushes are
// coroutines: the three ways in which a handler may answer.
#pragma once

#include <eft/idl/block.h>
#include <eft/ipc/local_transport.h>

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <vector>

namespace eft::test {

struct Wake {
    unsigned* signals;
    void signal() { ++*signals; }
};
using Ring = block::BlockRing<Wake>;

struct Session {
    block::Block::RingConsumer consumer;
};

// The disk outlives its drivers.
using Disk = std::array<u8, 64>;

struct Driver {
    Disk& disk;
    std::vector<ring::Pending<block::Done>> waiting;  // reads complete later, as by interrupt
    std::vector<block::Read> reads;
    Completion<u64>* gate = nullptr;
    unsigned writes = 0, flushes = 0;

    void read(ring::Pending<block::Done> pending, Session&, const block::Read& request) {
        waiting.push_back(pending);
        reads.push_back(request);
    }
    Result<block::Done> write(ring::Pending<block::Done>, Session&, const block::Write& request) {
        if (request.sector >= disk.size()) return Error::OutOfRange;
        ++writes;
        disk[request.sector] = static_cast<u8>(request.data.bytes()[0]);
        return block::Done{request.count};
    }
    Task<Status> flush(ring::Pending<Empty>, Session&, Empty) {
        ++flushes;
        if (gate) co_await *gate;
        co_return Status{};
    }
    void interrupt(std::size_t which) {
        reads[which].data.bytes()[0] = std::byte{disk[reads[which].sector]};
        waiting[which].complete(block::Done{reads[which].count});
    }
};
static_assert(block::BlockRingServer<Driver, Session>);

struct World {
    alignas(64) std::array<std::byte, Ring::kMemoryBytes> memory{};
    std::array<std::byte, 8192> area{};
    Disk disk{};
    unsigned signals = 0;
    Ring ring{Wake{&signals}};
    Session session;

    World() {
        REQUIRE(ring.create(memory, area.size()).ok());
        open();
    }
    void open() {
        auto consumer = block::Block::RingConsumer::open(memory, area, block::Block::kInflight);
        REQUIRE(consumer.ok());
        session.consumer = *consumer;
    }
    void poll(Driver& driver) { CHECK(block::Block::poll_ring(driver, session, session.consumer).ok()); }
    ipc::AreaSpan at(u32 offset, u32 length) { return {area.data(), offset, length}; }
};

}  // namespace eft::test
