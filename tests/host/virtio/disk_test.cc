// The disk behind the Block service: places in an area become the pages that the device reaches, and a device that
// breaks the rules is reset.
#include <devices/pinned_pages.h>

#include <devices/virtio_block.h>
#include <drivers/virtio_blk/disk.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::virtio_blk;
using test::VirtioBlock;
using Pages = test::PinnedPages;

namespace {

struct Fixture {
    test::DmaSpace memory;
    VirtioBlock model{memory, 2048};
    Pages area_pages{memory};
    driver::Device own{CapHandle()};
    hw::DmaMemory dma = memory.allocate(Requests::memory_size(virtio::kMaximumQueueSize));
    BlockDevice device{model.windows(), dma, {.configuration = 1, .queues = 0}};
    Disk disk{device, own};

    // The area as it is mapped here plays no part: only its size does.
    std::vector<std::byte> area = std::vector<std::byte>(Pages::kPages * kPageSize);
    Result<block::Progress> read(u32 number, u64 sector, u32 offset, u32 count) {
        return disk.begin(number, {block::OperationKind::Read, 2, offset, count, sector, std::span(area).subspan(offset, count * 512)});
    }
    bool holds(u64 sector, u64 offset, u64 bytes) const {
        for (u64 i = 0; i < bytes; ++i)
            if (area_pages.byte_at(offset + i) != model.disk[sector * 512 + i]) return false;
        return true;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a request brings the disk's bytes to the area's pages, wherever these lie") {
    REQUIRE(device.start().ok());
    REQUIRE(disk.open_area(2, Slot{1}, Pages::kPages * kPageSize).ok());
    CHECK(disk.geometry().sectors == 2048);
    REQUIRE(read(1, 7, 512, 40).ok());   // across pages that lie together and that do not
    REQUIRE(read(2, 100, 6 * 4096 + 100, 3).ok());
    model.finish(1);
    model.finish(0);
    auto ended = disk.next_ended();
    REQUIRE(ended->has_value());
    CHECK((*ended)->number == 2);
    CHECK((*disk.next_ended())->number == 1);
    CHECK(!disk.next_ended()->has_value());
    CHECK(holds(7, 512, 40 * 512));
    CHECK(holds(100, 6 * 4096 + 100, 3 * 512));
    CHECK(!model.bad_chain);
    disk.close_area(2);
    CHECK(area_pages.pinned == 0);
}

TEST_CASE_FIXTURE(Fixture, "the largest request of the geometry fits at any place") {
    model.most_segments = 4;
    REQUIRE(device.start().ok());
    REQUIRE(disk.open_area(2, Slot{1}, Pages::kPages * kPageSize).ok());
    const u32 most = disk.geometry().max_count;
    CHECK(most == 3 * 8);
    for (u32 offset : {0u, 512u, 4 * 4096u, 4 * 4096u + 1536u}) {
        REQUIRE(read(offset, 0, offset, most).ok());
        model.finish_all();
        CHECK((*disk.next_ended())->error == Error::None);
        CHECK(holds(0, offset, most * 512));
    }
}

TEST_CASE_FIXTURE(Fixture, "a device without messages interrupts by its line, which is released and then acknowledged") {
    model.vectors = 0;
    REQUIRE(own.connect_interrupt(0, 0, 1).ok());
    BlockDevice plain{model.windows(), dma, {.configuration = virtio::kNoVector, .queues = virtio::kNoVector}};
    Disk by_line{plain, own};
    REQUIRE(plain.start().ok());
    REQUIRE(by_line.open_area(2, Slot{1}, Pages::kPages * kPageSize).ok());
    REQUIRE(by_line.begin(1, {block::OperationKind::Read, 2, 0, 1, 3, std::span(area).first(512)}).ok());
    model.finish_all();
    CHECK(model.interrupt_status == 1);
    by_line.woken(1);
    CHECK(model.interrupt_status == 0);
    CHECK(area_pages.acknowledged == 1);
    CHECK((*by_line.next_ended())->error == Error::None);

    model.interrupt_status = 2;
    model.status |= 0x40;
    by_line.woken(1);
    CHECK(area_pages.acknowledged == 2);
    CHECK(by_line.next_ended().error() == Error::ProtocolViolation);
}

TEST_CASE_FIXTURE(Fixture, "a device that breaks the rules is reset, and its work is to be begun again") {
    REQUIRE(device.start().ok());
    REQUIRE(disk.open_area(2, Slot{1}, Pages::kPages * kPageSize).ok());
    REQUIRE(read(1, 0, 0, 1).ok());
    model.pending();
    SUBCASE("by its used ring") { model.set_used_index(0, 9); }
    SUBCASE("by not ending what it has begun") { disk.give_up(); }
    SUBCASE("by saying so") {
        model.status |= 0x40;
        disk.woken(virtio::kConfigurationBit);
    }
    CHECK(disk.next_ended().error() == Error::ProtocolViolation);
    CHECK(model.resets == 2);
    CHECK(!disk.next_ended()->has_value());
    REQUIRE(read(1, 5, 0, 1).ok());
    model.finish_all();
    CHECK((*disk.next_ended())->error == Error::None);
    CHECK(holds(5, 0, 512));
}

TEST_CASE_FIXTURE(Fixture, "a device that breaks the rules again and again ends its driver") {
    REQUIRE(device.start().ok());
    const auto break_rules = [this] {
        model.set_used_index(0, 9);
        return disk.next_ended().error();
    };
    for (u32 i = 0; i < Disk::kMostResets; ++i) CHECK(break_rules() == Error::ProtocolViolation);
    CHECK_THROWS(break_rules());
    CHECK(model.resets == 1 + Disk::kMostResets);
}

TEST_CASE_FIXTURE(Fixture, "a flush of a device without a cache is done at once") {
    model.offered &= ~kFeatureFlush;
    REQUIRE(device.start().ok());
    const auto done = disk.begin(1, {block::OperationKind::Flush, 0, 0, 0, 0, {}});
    REQUIRE(done.ok());
    CHECK(*done == block::Progress::Done);
}
