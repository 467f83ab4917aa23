#include "machine.h"

#include <doctest/doctest.h>

#include <cstring>

using namespace eft;
using namespace eft::memory;
using test::Machine;

namespace {

constexpr Rights kRead = bits(FrameRight::Read), kReadWrite = FrameRight::Read | FrameRight::Write;
constexpr Rights kReadExecute = FrameRight::Read | FrameRight::Execute;

u64 space_id(Machine& machine, const Space& space) { return machine.kernel.find(raw(space.space))->id; }

}  // namespace

TEST_CASE("a thousand lives leave no trace") {
    Machine machine;
    REQUIRE(machine.started.ok());
    const Machine::State before = machine.state();
    for (int life = 0; life < 1000; ++life) {
        const auto space = machine.process(64);
        REQUIRE(space.ok());
        const auto object = machine.manager->objects().create(**space, 5 * kPageSize, life % 2 != 0);
        REQUIRE(object.ok());
        REQUIRE(machine.manager->mappings().map(**space, **object, {0, 5 * kPageSize, 0x3000'0000, kReadWrite}).ok());
        const u64 id = space_id(machine, **space);
        REQUIRE(machine.kernel.mapped_pages(id) > 10);
        machine.manager->destroy_space(**space);
        REQUIRE(machine.kernel.mapped_pages(id) == 0);
        REQUIRE(machine.state() == before);
    }
}

TEST_CASE("whatever operation fails, nothing is left") {
    Machine machine;
    const Machine::State before = machine.state();
    machine.kernel.never_fail();
    const u64 first = machine.kernel.operations();
    machine.manager->destroy_space(**machine.process(64));
    const u64 operations = machine.kernel.operations() - first;
    REQUIRE(operations > 50);
    unsigned refused = 0;
    for (u64 failure = 0; failure < operations; ++failure) {
        machine.kernel.fail_at(failure);
        const auto space = machine.process(64);
        machine.kernel.never_fail();
        refused += !space.ok();
        if (space.ok()) machine.manager->destroy_space(**space);  // NeedMemory at the right place is no failure
        INFO(failure);
        REQUIRE(machine.state() == before);
    }
    CHECK(refused > operations / 3);
}

TEST_CASE("a quota is kept, and its end leaves nothing") {
    Machine machine;
    const Machine::State before = machine.state();
    bool enough = false;
    for (u32 quota = 1; quota < 64; ++quota) {
        const auto space = machine.process(quota);
        CHECK((space.ok() || space.error() == Error::OutOfMemory));
        if (space.ok()) {
            CHECK((*space)->used <= quota);
            machine.manager->destroy_space(**space);
        }
        CHECK((space.ok() || !enough));  // more never suffices less
        enough = space.ok();
        REQUIRE(machine.state() == before);
    }
    CHECK(enough);
    CHECK(machine.manager->create_space(0).error() == Error::OutOfRange);
    CHECK(machine.manager->create_space(kMaxQuota + 1).error() == Error::OutOfRange);
}

TEST_CASE("the machine's memory can be used to the last page, and comes back") {
    Machine machine;
    const Machine::State before = machine.state();
    Space& space = **machine.manager->create_space(kMaxQuota);
    Error last = Error::None;
    for (u64 page = 0; last == Error::None; ++page)
        last = machine.manager->resolve_fault(space.id, layout::kHeapBase + page * kPageSize, 6);
    CHECK(last == Error::OutOfMemory);
    CHECK(machine.manager->store().buddy.free_pages() == 0);
    CHECK(machine.manager->create_space(16).error() == Error::OutOfMemory);
    machine.manager->destroy_space(space);
    CHECK(machine.state() == before);
}

TEST_CASE("image pages: contents, zeros, permissions") {
    Machine machine;
    Space& space = **machine.process(64);
    const u64 id = space_id(machine, space);
    const auto* text = machine.kernel.mapped_at(id, 0x40'2000);
    REQUIRE(text);
    CHECK(text->sealed);
    CHECK(text->rights == kReadExecute);
    const std::byte* archive = machine.kernel.at(Manager<test::FakeKernel>::kArchiveWindow);
    CHECK(std::memcmp(machine.kernel.page(text->id), archive + 0x3000, 0x345) == 0);
    CHECK(machine.kernel.page(text->id)[0x345] == std::byte{0});
    const auto* data = machine.kernel.mapped_at(id, 0x40'3000);
    REQUIRE(data);
    CHECK(std::memcmp(machine.kernel.page(data->id), archive + 0x3345, 0x10) == 0);
    CHECK(machine.kernel.page(data->id)[0x10] == std::byte{0});
    CHECK(machine.kernel.mapped_at(id, 0x40'7000) != nullptr);
    CHECK(machine.kernel.mapped_at(id, 0x40'8000) == nullptr);
}

TEST_CASE("images that are refused") {
    Machine machine;
    Space& space = **machine.manager->create_space(64);
    const u64 archive = Machine::kArchivePages * kPageSize;
    const auto load = [&](const ImageRequest& request) { return machine.manager->load_image(space, request).error(); };
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

TEST_CASE("page faults: only absent pages of the lazy regions of a living space") {
    Machine machine;
    Space& space = **machine.process(64);
    const u32 id = space.id;
    const auto fault = [&](u64 address, u64 code = 6) { return machine.manager->resolve_fault(id, address, code); };
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
    const auto* page = machine.kernel.mapped_at(space_id(machine, space), layout::kHeapBase + 0x5000);
    REQUIRE(page);
    CHECK(page->rights == kReadWrite);
    machine.manager->destroy_space(space);
    CHECK(fault(layout::kHeapBase) == Error::NotFound);  // its message was queued when it died
    CHECK(machine.manager->resolve_fault(0, layout::kHeapBase, 6) == Error::NotFound);
}

TEST_CASE("objects live until nobody has them: owner, mappings, pins") {
    Machine machine;
    Space& owner = **machine.manager->create_space(64);
    Space& other = **machine.manager->create_space(64);
    auto& objects = machine.manager->objects();
    Object& object = **objects.create(owner, 3 * kPageSize, false);
    const u64 id = object.id;
    const u32 used = owner.used;
    REQUIRE(machine.manager->mappings().map(other, object, {kPageSize, 2 * kPageSize, 0x3000'0000, kRead}).ok());
    const auto* page = machine.kernel.mapped_at(space_id(machine, other), 0x3000'1000);
    REQUIRE(page);
    CHECK(page->rights == kRead);
    const Slot capability = *objects.capability(object);

    object.held = false;
    objects.end_if_unwanted(object);
    CHECK(objects.find(id));
    CHECK(owner.used == used);  // letting go of what is in use frees nothing
    machine.manager->destroy_space(owner);
    CHECK(objects.find(id));
    CHECK(machine.kernel.mapped_at(space_id(machine, other), 0x3000'1000));
    ++object.pins;
    CHECK(machine.manager->mappings().unmap(other, 0x3000'0000, kPageSize).error() == Error::NotMapped);
    CHECK(machine.manager->mappings().unmap(other, 0x3000'0000, 2 * kPageSize).ok());
    CHECK(objects.find(id));
    CHECK(machine.kernel.find(raw(capability)));
    --object.pins;
    objects.end_if_unwanted(object);
    CHECK(!objects.find(id));
    CHECK(!machine.kernel.find(raw(capability)));  // nobody can name it any more
}

TEST_CASE("contiguous objects are; the same device range is the same object") {
    Machine machine;
    Space& owner = **machine.manager->create_space(4096);
    auto& objects = machine.manager->objects();
    Object& object = **objects.create(owner, 300 * kPageSize, true);
    CHECK(object.charged == 512);
    u64 expected = 0;
    u32 count = 0;
    CHECK(objects
              .for_pages(object, 0, 300,
                         [&](Slot, u64 address) -> Status {
                             if (count++ != 0) CHECK(address == expected);
                             expected = address + kPageSize;
                             return {};
                         })
              .ok());
    CHECK(count == 300);

    Object& device = **objects.device(Machine::kDevice + 0x3000, 5 * kPageSize, false);
    CHECK(*objects.device(Machine::kDevice + 0x3000, 5 * kPageSize - 1, false) == &device);
    CHECK(objects.device(Machine::kDevice + 0x4000, kPageSize, false).error() == Error::AlreadyExists);
    CHECK(objects.device(Machine::kDevice + 0x4010, 16, false).error() == Error::InvalidArgument);
    CHECK(objects.device(Machine::kMemory, kPageSize, false).error() == Error::OutOfRange);
    CHECK(
        objects.device(Machine::kDevice + (u64{1} << Machine::kDeviceBits) - kPageSize, 2 * kPageSize, false).error() ==
        Error::OutOfRange);
    CHECK(objects.device(~u64{0} - 4095, kPageSize, false).error() == Error::OutOfRange);
    const Machine::State before = machine.state();
    CHECK(objects.device(Machine::kDevice, 5 * kPageSize, false).error() == Error::AlreadyExists);
    CHECK(machine.state() == before);
}

TEST_CASE("mappings that are refused leave nothing") {
    Machine machine;
    Space& space = **machine.manager->create_space(64);
    Object& object = **machine.manager->objects().create(space, 4 * kPageSize, false);
    const auto map = [&](const MapRequest& request) {
        return machine.manager->mappings().map(space, object, request).error();
    };
    CHECK(map({0, kPageSize, 0x3000'0000, kRead}) == Error::None);
    const Machine::State before = machine.state();
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
    CHECK(machine.manager->mappings()
              .map(space, machine.manager->archive(), {0, kPageSize, 0x3000'8000, kReadWrite})
              .error() == Error::PermissionDenied);
    CHECK(machine.manager->resolve_fault(space.id, layout::kHeapBase + kPageSize, 6) == Error::None);
    const u32 slots = machine.manager->store().slots.used();
    CHECK(map({0, 4 * kPageSize, layout::kHeapBase, kRead}) == Error::AlreadyMapped);  // half done, undone
    CHECK(machine.manager->store().slots.used() == slots);
    CHECK(space.mappings == 1);
    CHECK(space.mapped == 1);
    CHECK(before.objects == machine.state().objects);
}

TEST_CASE("one process cannot use up the tables for all") {
    Machine machine;
    Space& greedy = **machine.manager->create_space(2000);
    Object& object = **machine.manager->objects().create(greedy, kPageSize, false);
    unsigned mapped = 0, made = 1;
    while (
        machine.manager->mappings().map(greedy, object, {0, kPageSize, 0x3000'0000 + mapped * kPageSize, kRead}).ok())
        ++mapped;
    while (machine.manager->objects().create(greedy, kPageSize, false).ok()) ++made;
    CHECK(mapped == kMaxMappingsOfSpace);
    CHECK(made == kMaxObjectsOfSpace);
    CHECK(machine.process(64).ok());
}

TEST_CASE("the stack of a dead thread can be read, and nothing else") {
    Machine machine;
    Space& space = **machine.process(64);
    const auto* page = machine.kernel.mapped_at(space_id(machine, space), 0x0fff'e000);
    REQUIRE(page);
    const u64 value = 0x0123'4567'89ab'cdef;
    std::memcpy(machine.kernel.page(page->id) + 0xff0, &value, sizeof(value));
    const Machine::State before = machine.state();
    u64 words[8];
    const auto read = machine.manager->read_memory(space, 0x0fff'eff0, words);
    REQUIRE(read.ok());
    CHECK(*read == 2);
    CHECK(words[0] == value);
    CHECK(machine.manager->read_memory(space, 0x0fff'eff1, words).error() == Error::InvalidArgument);
    CHECK(machine.manager->read_memory(space, 0x0fff'd000, words).error() == Error::NotMapped);
    CHECK(machine.manager->read_memory(space, 0x40'0000, words).error() == Error::NotMapped);  // its code
    CHECK(machine.state() == before);
}

TEST_CASE("of a dead process's mapped objects all but a device's can be read") {
    Machine machine;
    Space& space = **machine.process(64);
    Object& object = **machine.manager->objects().create(space, 2 * kPageSize, false);
    Object& device = **machine.manager->objects().device(Machine::kDevice, kPageSize, false);
    REQUIRE(machine.manager->mappings().map(space, object, {0, 2 * kPageSize, 0x1800'0000, kReadWrite}).ok());
    REQUIRE(machine.manager->mappings().map(space, device, {0, kPageSize, 0x1900'0000, kReadWrite}).ok());
    const auto* page = machine.kernel.mapped_at(space_id(machine, space), 0x1800'1000);
    REQUIRE(page);
    const u64 value = 0x0123'4567'89ab'cdef;
    std::memcpy(machine.kernel.page(page->id) + 0x118, &value, sizeof(value));
    const Machine::State before = machine.state();
    u64 words[8];
    const auto read = machine.manager->read_memory(space, 0x1800'1118, words);
    REQUIRE(read.ok());
    CHECK(*read == 8);
    CHECK(words[0] == value);
    CHECK(machine.manager->read_memory(space, 0x1800'2000, words).error() == Error::NotMapped);
    CHECK(machine.manager->read_memory(space, 0x17ff'fff8, words).error() == Error::NotMapped);
    CHECK(machine.manager->read_memory(space, 0x1900'0000, words).error() == Error::PermissionDenied);
    CHECK(machine.state() == before);
}

TEST_CASE("mem's table grows as mappings need slots, and works on when there is no memory for more") {
    for (const bool scarce : {false, true}) {
        CAPTURE(scarce);
        Machine machine((SlotRuns::kFirst + SlotRuns::kReserve) / 64 + 1);
        REQUIRE(machine.started.ok());
        auto& store = machine.manager->store();
        const u32 end = store.slots.end();
        Space* space = *machine.manager->create_space(8192);
        Object* object = *machine.manager->objects().create(*space, 512 * kPageSize, false);
        std::vector<Block> taken;
        if (scarce) {
            for (unsigned bits = 23; bits >= kPageBits;) {
                const auto block = store.buddy.take(bits);
                if (block.ok()) taken.push_back(*block);
                else --bits;
            }
            CHECK(store.buddy.free_pages() == 0);
            store.buddy.give(taken.back()), taken.pop_back();
        }
        u64 address = 0x5000'0000;
        Status mapped;
        for (int i = 0; i < 4 && mapped.ok(); ++i, address += 0x20'0000) {
            mapped = machine.manager->mappings().map(*space, *object, {0, 512 * kPageSize, address, bits(FrameRight::Read)});
        }
        CHECK(mapped.error() == (scarce ? Error::OutOfMemory : Error::None));
        for (const Block block : taken) store.buddy.give(block);
        if (scarce) CHECK(machine.manager->mappings().map(*space, *object, {0, 512 * kPageSize, 0x7000'0000, bits(FrameRight::Read)}).ok());
        CHECK(store.slots.end() > end);
        CHECK(!store.slots.reserve_in_use());
        const u64 free = store.buddy.free_pages();
        const u32 grown = store.slots.end();
        machine.manager->destroy_space(*space);
        CHECK(store.buddy.free_pages() > free);
        CHECK(machine.process(200).ok());
        CHECK(store.slots.end() == grown);  // the slots were given back, and the table stays as it is
    }
}
