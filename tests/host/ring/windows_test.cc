// Parts of the area that requests have, and what becomes of those whose coroutine was cancelled.
#include "ring_memory.h"

#include <eft/ring/windows.h>

#include <doctest/doctest.h>

#include <memory>

using namespace ring_test;

namespace {

struct Area {
    Area() { windows.place(memory.area); }

    RingMemory memory;
    Producer<kCount> producer = memory.produce();
    Consumer<kCount> consumer = *memory.consume();
    Windows windows{2, 64};

    // The server answers the oldest request, and the client takes that.
    void answer() {
        const auto taken = *consumer.take();
        REQUIRE(taken);
        consumer.complete(taken->ticket, Error::None, {});
        REQUIRE((*producer.take()).has_value());
        windows.reclaim(producer);
    }
};

Task<void> take_one(Windows& windows, bool& had) {
    if (!windows.any()) {
        const Status free = co_await windows.wait();
        if (!free.ok()) co_return;
    }
    had = true;
}

}  // namespace

TEST_CASE("a part is free again when its request is completed") {
    Area area;
    {
        Windows::Lease one(area.windows), other(area.windows);
        CHECK(!area.windows.any());
        CHECK(one.first(64).offset() != other.first(64).offset());
        one.ended(Error::None);
        other.ended(Error::None);
    }
    CHECK(area.windows.any());
}

TEST_CASE("the part of a cancelled request is free when that request is completed, and not before") {
    Area area;
    auto kept = std::make_unique<Windows::Lease>(area.windows);
    submit(area.producer, 1);
    auto cancelled = std::make_unique<Windows::Lease>(area.windows);
    submit(area.producer, 2);
    cancelled.reset();
    area.windows.reclaim(area.producer);
    CHECK(!area.windows.any());

    bool had = false;
    Task<void> waits = take_one(area.windows, had);
    waits.start();
    submit(area.producer, 3);  // is not waited for
    area.answer();
    CHECK(!had);
    area.answer();
    CHECK(had);
    CHECK(area.windows.any());
}

TEST_CASE("the part of a coroutine that was cancelled before it had submitted anything is free at once") {
    Area area;
    { Windows::Lease cancelled(area.windows), other(area.windows); }
    CHECK(!area.windows.any());
    area.windows.reclaim(area.producer);
    CHECK(area.windows.any());
}

TEST_CASE("who waits for a part of a ring that is held is told, and a part is free when the service has done what was left") {
    Area area;
    for (unsigned i = 0; i < 2; ++i) {
        Windows::Lease lease(area.windows);
        submit(area.producer, i);
        lease.ended(Error::ServiceHeld);
    }
    bool had = false;
    Task<void> waits = take_one(area.windows, had);
    waits.start();
    area.windows.end_waits(Error::ServiceHeld);
    CHECK(waits.done());
    CHECK(!had);
    area.windows.reclaim(area.producer);
    CHECK(!area.windows.any());
    for (unsigned i = 0; i < 2; ++i) area.answer();
    CHECK(area.windows.any());
}
