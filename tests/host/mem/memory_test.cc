#include "machine.h"

#include <doctest/doctest.h>

#include <cstring>

using namespace eft;
using namespace eft::memory;
using memory_test::Failure;
using memory_test::Machine;

namespace {

constexpr Rights kRead = bits(FrameRight::Read), kReadWrite = FrameRight::Read | FrameRight::Write;
constexpr Rights kReadExecute = FrameRight::Read | FrameRight::Execute;

}  // namespace

MEM_CASE(Machine, "a thousand lives leave no trace") {
    REQUIRE(started.ok());
    const Machine::Totals before = totals();
    for (int life = 0; life < 1000; ++life) {
        const auto space = process(64);
        REQUIRE(space.ok());
        const auto object = create_object(state, **space, 5 * kPageSize, life % 2 != 0);
        REQUIRE(object.ok());
        REQUIRE(map_object(state, **space, **object, {0, 5 * kPageSize, 0x3000'0000, kReadWrite}).ok());
        REQUIRE(mapped_pages(**space) > 10);
        destroy_space(state, **space);
        REQUIRE(totals() == before);
    }
}

MEM_CASE(Machine, "whatever operation fails, nothing is left") {
    const Machine::Totals before = totals();
    u64 operations = 0;
    {
        const Failure none(Failure::kNever);
        destroy_space(state, **process(64));
        operations = none.operations();
    }
    REQUIRE(operations > 50);
    unsigned refused = 0;
    for (u64 failure = 0; failure < operations; ++failure) {
        const auto space = [&] {
            const Failure one(failure);
            return process(64);
        }();
        refused += !space.ok();
        if (space.ok()) destroy_space(state, **space);  // NeedMemory at the right place is no failure
        INFO(failure);
        REQUIRE(totals() == before);
    }
    CHECK(refused > operations / 3);
}

MEM_CASE(Machine, "a quota is kept, and its end leaves nothing") {
    const Machine::Totals before = totals();
    bool enough = false;
    for (u32 quota = 1; quota < 64; ++quota) {
        const auto space = process(quota);
        CHECK((space.ok() || space.error() == Error::OutOfMemory));
        if (space.ok()) {
            CHECK((*space)->used <= quota);
            destroy_space(state, **space);
        }
        CHECK((space.ok() || !enough));  // more never suffices less
        enough = space.ok();
        REQUIRE(totals() == before);
    }
    CHECK(enough);
    CHECK(create_space(state, 0).error() == Error::OutOfRange);
    CHECK(create_space(state, kMaxQuota + 1).error() == Error::OutOfRange);
}

MEM_CASE(Machine, "the machine's memory can be used to the last page, and comes back") {
    const Machine::Totals before = totals();
    const Space& space = **create_space(state, kMaxQuota);
    Error last = Error::None;
    for (u64 page = 0; last == Error::None; ++page)
        last = resolve_fault(state, space.id, layout::kHeapBase + page * kPageSize, 6);
    CHECK(last == Error::OutOfMemory);
    CHECK(state.blocks.free_pages == 0);
    CHECK(create_space(state, 16).error() == Error::OutOfMemory);
    destroy_space(state, space);
    CHECK(totals() == before);
}

MEM_CASE(Machine, "image pages: contents, zeros, permissions") {
    const Space& space = **process(64);
    const auto text = page_of(space, 0x40'2000);
    REQUIRE(text);
    CHECK(text->rights == kReadExecute);
    const std::byte* archive = own_memory(kArchiveWindow);
    CHECK(std::memcmp(text->bytes, archive + 0x3000, 0x345) == 0);
    CHECK(text->bytes[0x345] == std::byte{0});
    const auto data = page_of(space, 0x40'3000);
    REQUIRE(data);
    CHECK(std::memcmp(data->bytes, archive + 0x3345, 0x10) == 0);
    CHECK(data->bytes[0x10] == std::byte{0});
    CHECK(page_of(space, 0x40'7000));
    CHECK_FALSE(page_of(space, 0x40'8000));
}

MEM_CASE(Machine, "images that are refused") {
    const Space& space = **create_space(state, 64);
    const u64 archive = Machine::kArchivePages * kPageSize;
    const auto load = [&](const ImageRequest& request) { return load_image(state, space, request).error(); };
    const Rights all = kReadWrite | bits(FrameRight::Execute);
    CHECK(load({0x40'0000, 0, 16, 4096, all}) == Error::InvalidArgument);
    CHECK(load({0x40'0000, 0, 16, 4096, 0}) == Error::InvalidArgument);
    CHECK(load({0x40'0001, 0, 16, 4096, kRead}) == Error::InvalidArgument);
    CHECK(load({0x40'0000, 0, 17, 16, kRead}) == Error::InvalidArgument);
    CHECK(load({0x40'0000, 0, 0, 0, kRead}) == Error::InvalidArgument);
    CHECK(load({0, 0, 16, 4096, kRead}) == Error::OutOfRange);
    CHECK(load({kUserTop, 0, 16, 4096, kRead}) == Error::OutOfRange);
    CHECK(load({0x40'0000, 0, 16, ~u64{0}, kRead}) == Error::OutOfRange);
    CHECK(load({0x40'0000, archive - 15, 16, 4096, kRead}) == Error::OutOfRange);
    CHECK(load({0x40'0000, ~u64{0} - 7, 16, 4096, kRead}) == Error::OutOfRange);
    CHECK(load({0x40'0000, 0, archive + 1, archive + 1, kRead}) == Error::OutOfRange);
    CHECK(load({0x40'0000, archive - 16, 16, 4096, kRead}) == Error::None);
    CHECK(load({0x40'0000, 0, 16, 4096, kRead}) == Error::AlreadyMapped);
}

MEM_CASE(Machine, "an image from an object has copies of its pages, at offsets that are pages'") {
    const Machine::Totals before = totals();
    const Space& owner = **create_space(state, 64);
    const Space& space = **create_space(state, 64);
    const Object& object = **create_object(state, owner, 3 * kPageSize, false);
    REQUIRE(map_object(state, owner, object, {0, 3 * kPageSize, 0x3000'0000, kReadWrite}).ok());
    std::byte* source[3];
    for (unsigned i = 0; i < 3; ++i) source[i] = const_cast<std::byte*>(page_of(owner, 0x3000'0000 + i * kPageSize)->bytes);
    for (unsigned i = 0; i < 3; ++i) std::memset(source[i], static_cast<int>(i + 1), kPageSize);
    const auto load = [&](u64 offset, u64 file_bytes) { return load_image(state, space, {0x40'0000, offset, file_bytes, 3 * kPageSize, kReadExecute, &object}).error(); };
    CHECK(load(16, 100) == Error::InvalidArgument);
    CHECK(load(kPageSize, 2 * kPageSize + 1) == Error::OutOfRange);
    CHECK(load(4 * kPageSize, 0) == Error::OutOfRange);
    REQUIRE(load(kPageSize, kPageSize + 100) == Error::None);
    std::memset(source[1], 9, kPageSize);
    CHECK(page_of(space, 0x40'0000)->bytes[kPageSize - 1] == std::byte{2});
    CHECK(page_of(space, 0x40'1000)->bytes[99] == std::byte{3});
    CHECK(page_of(space, 0x40'1000)->bytes[100] == std::byte{0});
    CHECK(page_of(space, 0x40'2000)->bytes[0] == std::byte{0});
    destroy_space(state, space);
    destroy_space(state, owner);
    end_objects(state);
    CHECK(totals() == before);
}

MEM_CASE(Machine, "page faults: only absent pages of the lazy regions of a living space") {
    const Space& space = **process(64);
    const u32 id = space.id;
    const auto fault = [&](u64 address, u64 code = 6) { return resolve_fault(state, id, address, code); };
    CHECK(fault(layout::kStackTop - layout::kStackBytes) == Error::None);
    CHECK(fault(layout::kStackTop - layout::kStackBytes - 1) == Error::OutOfRange);
    CHECK(fault(layout::kStackTop) == Error::OutOfRange);
    CHECK(fault(layout::kHeapBase - 1) == Error::OutOfRange);
    CHECK(fault(layout::kHeapLimit) == Error::OutOfRange);
    CHECK(fault(0) == Error::OutOfRange);
    CHECK(fault(~u64{0}) == Error::OutOfRange);
    CHECK(fault(layout::kHeapBase + 0x5000, 7) == Error::OutOfRange);   // there, but not for this access
    CHECK(fault(layout::kHeapBase + 0x5000, 20) == Error::OutOfRange);  // nothing there is ever code
    CHECK(fault(layout::kHeapBase + 0x5fff) == Error::None);
    const auto page = page_of(space, layout::kHeapBase + 0x5000);
    REQUIRE(page);
    CHECK(page->rights == kReadWrite);
    destroy_space(state, space);
    CHECK(fault(layout::kHeapBase) == Error::NotFound);  // its message was queued when it died
    CHECK(resolve_fault(state, 0, layout::kHeapBase, 6) == Error::NotFound);
}

MEM_CASE(Machine, "objects live until nobody has them: owner, mappings, pins") {
    const Space& owner = **create_space(state, 64);
    const Space& other = **create_space(state, 64);
    const Object& object = **create_object(state, owner, 3 * kPageSize, false);
    const u64 id = object.id;
    const u32 used = owner.used;
    REQUIRE(map_object(state, other, object, {kPageSize, 2 * kPageSize, 0x3000'0000, kRead}).ok());
    const auto page = page_of(other, 0x3000'1000);
    REQUIRE(page);
    CHECK(page->rights == kRead);
    const Slot capability = copy_capability(object.master)->release();

    set(object.held, false);
    end_if_unwanted(state, object);
    CHECK(state.objects.find(id));
    CHECK(owner.used == used);  // letting go of what is in use frees nothing
    destroy_space(state, owner);
    CHECK(state.objects.find(id));
    CHECK(page_of(other, 0x3000'1000));
    set(object.pinned, true);
    CHECK(unmap(state, other, 0x3000'0000, kPageSize).error() == Error::NotMapped);
    CHECK(unmap(state, other, 0x3000'0000, 2 * kPageSize).ok());
    CHECK(state.objects.find(id));
    CHECK(memory_test::is_there(capability));
    set(object.pinned, false);
    end_if_unwanted(state, object);
    end_objects(state);
    CHECK(!state.objects.find(id));
    CHECK(!memory_test::is_there(capability));  // nobody can name it any more
}

MEM_CASE(Machine, "contiguous objects are; the same device range is the same object") {
    const Space& owner = **create_space(state, 4096);
    const Object& object = **create_object(state, owner, 300 * kPageSize, true);
    CHECK(object.charged == 512);
    PageWalk pages(state, object, 0);
    u64 expected = pages.next().address;
    for (u32 page = 1; page < 300; ++page) CHECK(pages.next().address == (expected += kPageSize));

    const Object& registers = **device_object(state, device + 0x3000, 5 * kPageSize);
    CHECK(*device_object(state, device + 0x3000, 5 * kPageSize - 1) == &registers);
    CHECK(device_object(state, device + 0x4000, kPageSize).error() == Error::AlreadyExists);
    CHECK(device_object(state, device + 0x4010, 16).error() == Error::InvalidArgument);
    CHECK(device_object(state, memory, kPageSize).error() == Error::OutOfRange);
    CHECK(
        device_object(state, device + (u64{1} << Machine::kDeviceBits) - kPageSize, 2 * kPageSize).error() ==
        Error::OutOfRange);
    CHECK(device_object(state, ~u64{0} - 4095, kPageSize).error() == Error::OutOfRange);
    const Machine::Totals before = totals();
    CHECK(device_object(state, device, 5 * kPageSize).error() == Error::AlreadyExists);
    CHECK(totals() == before);
}

MEM_CASE(Machine, "mappings that are refused leave nothing") {
    const Space& space = **create_space(state, 64);
    const Object& object = **create_object(state, space, 4 * kPageSize, false);
    const auto map = [&](const MapRequest& request) {
        return map_object(state, space, object, request).error();
    };
    CHECK(map({0, kPageSize, 0x3000'0000, kRead}) == Error::None);
    const Machine::Totals before = totals();
    CHECK(map({0, 0, 0x3000'8000, kRead}) == Error::InvalidArgument);
    CHECK(map({8, kPageSize, 0x3000'8000, kRead}) == Error::InvalidArgument);
    CHECK(map({0, 100, 0x3000'8000, kRead}) == Error::InvalidArgument);
    CHECK(map({0, kPageSize, 0x3000'8008, kRead}) == Error::InvalidArgument);
    CHECK(map({0, 5 * kPageSize, 0x3000'8000, kRead}) == Error::OutOfRange);
    CHECK(map({kPageSize, 4 * kPageSize, 0x3000'8000, kRead}) == Error::OutOfRange);
    CHECK(map({~u64{0} - 4095, kPageSize, 0x3000'8000, kRead}) == Error::OutOfRange);
    CHECK(map({0, kPageSize, 0, kRead}) == Error::OutOfRange);
    CHECK(map({0, kPageSize, kUserTop, kRead}) == Error::OutOfRange);
    CHECK(map({0, 2 * kPageSize, kUserTop - kPageSize, kRead}) == Error::OutOfRange);
    CHECK(map({0, kPageSize, 0x3000'8000, 0}) == Error::InvalidArgument);
    CHECK(map({0, kPageSize, 0x3000'8000, kReadExecute}) == Error::InvalidArgument);
    CHECK(map({0, kPageSize, 0x3000'8000, 0xff}) == Error::InvalidArgument);
    CHECK(map({0, 2 * kPageSize, 0x2fff'f000, kRead}) == Error::AlreadyMapped);
    CHECK(map_object(state, space, *state.objects.find(state.archive), {0, kPageSize, 0x3000'8000, kReadWrite})
              .error() == Error::PermissionDenied);
    CHECK(resolve_fault(state, space.id, layout::kHeapBase + kPageSize, 6) == Error::None);
    const u32 slots = state.slots.used();
    CHECK(map({0, 4 * kPageSize, layout::kHeapBase, kRead}) == Error::AlreadyMapped);  // half done, undone
    CHECK(state.slots.used() == slots);
    CHECK(space.mappings == 1);
    CHECK(space.mapped == 1);
    CHECK(before.objects == totals().objects);
}

MEM_CASE(Machine, "one process cannot use up the tables for all") {
    const Space& greedy = **create_space(state, 2000);
    const Object& object = **create_object(state, greedy, kPageSize, false);
    unsigned mapped = 0, made = 1;
    while (
        map_object(state, greedy, object, {0, kPageSize, 0x3000'0000 + mapped * kPageSize, kRead}).ok())
        ++mapped;
    while (create_object(state, greedy, kPageSize, false).ok()) ++made;
    CHECK(mapped == kMaxMappingsOfSpace);
    CHECK(made == kMaxObjectsOfSpace);
    CHECK(process(64).ok());
}

MEM_CASE(Machine, "the supervisor, whose address space root made, has more of them") {
    const Space& core = **create_space(state, 2000);
    set(core.adopted, true);
    const Object& object = **create_object(state, core, kPageSize, false);
    unsigned mapped = 0, made = 1;
    while (map_object(state, core, object, {0, kPageSize, 0x3000'0000 + mapped * kPageSize, kRead}).ok()) ++mapped;
    while (create_object(state, core, kPageSize, false).ok()) ++made;
    CHECK(mapped == kMaxMappingsOfCore);
    CHECK(made == kMaxObjectsOfCore);
    CHECK(process(64).ok());
}

MEM_CASE(Machine, "the stack of a dead thread can be read, and nothing else") {
    const Space& space = **process(64);
    const auto page = page_of(space, 0x0fff'e000);
    REQUIRE(page);
    const u64 value = 0x0123'4567'89ab'cdef;
    std::memcpy(page->bytes + 0xff0, &value, sizeof(value));
    const Machine::Totals before = totals();
    u64 words[8];
    const auto read = read_memory(state, space, 0x0fff'eff0, words);
    REQUIRE(read.ok());
    CHECK(*read == 2);
    CHECK(words[0] == value);
    CHECK(read_memory(state, space, 0x0fff'eff1, words).error() == Error::InvalidArgument);
    CHECK(read_memory(state, space, 0x0fff'd000, words).error() == Error::NotMapped);
    CHECK(read_memory(state, space, 0x40'0000, words).error() == Error::NotMapped);  // its code
    CHECK(totals() == before);
}

MEM_CASE(Machine, "of a dead process's mapped objects all but a device's can be read") {
    const Space& space = **process(64);
    const Object& object = **create_object(state, space, 2 * kPageSize, false);
    const Object& registers = **device_object(state, device, kPageSize);
    REQUIRE(map_object(state, space, object, {0, 2 * kPageSize, 0x1800'0000, kReadWrite}).ok());
    REQUIRE(map_object(state, space, registers, {0, kPageSize, 0x1900'0000, kReadWrite}).ok());
    const auto page = page_of(space, 0x1800'1000);
    REQUIRE(page);
    const u64 value = 0x0123'4567'89ab'cdef;
    std::memcpy(page->bytes + 0x118, &value, sizeof(value));
    const Machine::Totals before = totals();
    u64 words[8];
    const auto read = read_memory(state, space, 0x1800'1118, words);
    REQUIRE(read.ok());
    CHECK(*read == 8);
    CHECK(words[0] == value);
    CHECK(read_memory(state, space, 0x1800'2000, words).error() == Error::NotMapped);
    CHECK(read_memory(state, space, 0x17ff'fff8, words).error() == Error::NotMapped);
    CHECK(read_memory(state, space, 0x1900'0000, words).error() == Error::PermissionDenied);
    CHECK(totals() == before);
}

TEST_CASE("mem's table grows as mappings need slots, and works on when there is no memory for more") {
    for (const bool scarce : {false, true}) memory_test::run_as_mem([scarce](const memory_test::Given& given) {
        CAPTURE(scarce);
        Machine machine(given);
        REQUIRE(machine.started.ok());
        const u32 end = machine.state.slots.end();
        const Space* space = *create_space(machine.state, 8192);
        const Object* object = *create_object(machine.state, *space, 512 * kPageSize, false);
        std::vector<Block> taken;
        if (scarce) {
            for (unsigned bits = 23; bits >= kPageBits;) {
                const auto block = take_block(machine.state, bits);
                if (block.ok()) taken.push_back(*block);
                else --bits;
            }
            CHECK(machine.state.blocks.free_pages == 0);
            give_block(machine.state, taken.back()), taken.pop_back();
        }
        u64 address = 0x5000'0000;
        Status mapped;
        for (int i = 0; i < 4 && mapped.ok(); ++i, address += 0x20'0000) {
            mapped = map_object(machine.state, *space, *object, {0, 512 * kPageSize, address, bits(FrameRight::Read)});
        }
        CHECK(mapped.error() == (scarce ? Error::OutOfMemory : Error::None));
        for (const Block block : taken) give_block(machine.state, block);
        if (scarce) CHECK(map_object(machine.state, *space, *object, {0, 512 * kPageSize, 0x7000'0000, bits(FrameRight::Read)}).ok());
        CHECK(machine.state.slots.end() > end);
        CHECK(!machine.state.slots.reserve_in_use());
        const u64 free = machine.state.blocks.free_pages;
        const u32 grown = machine.state.slots.end();
        destroy_space(machine.state, *space);
        CHECK(machine.state.blocks.free_pages > free);
        CHECK(machine.process(200).ok());
        CHECK(machine.state.slots.end() == grown);  // the slots were given back, and the table stays as it is
    }, (SlotRuns::kFirst + SlotRuns::kReserve) / 64 + 1);
}
