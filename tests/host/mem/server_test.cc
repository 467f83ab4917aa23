#include "machine.h"

#include <doctest/doctest.h>

#include <mem/arguments.h>
#include <mem/server.h>

using namespace eft;
using namespace eft::memory;
using test::Machine;

namespace {

struct Served : Machine {
    // A copy of a capability, as if it had come with a request.
    template <class Field>
    Field sent(Slot source) {
        return Field::owning(*kernel.copy_for_sending(source));
    }

    mem::Object object_field(Slot source) {
        mem::Object field;
        field.object = sent<decltype(field.object)>(source);
        return field;
    }
    mem::Mapping mapping_of(Slot object, u64 address) {
        mem::Mapping mapping;
        mapping.object = sent<decltype(mapping.object)>(object);
        mapping.bytes = kPageSize;
        mapping.address = address;
        mapping.rights = 1;
        return mapping;
    }

    // To a message without words, by way of the dispatcher.
    Error answer(u32 label, Badge badge) {
        Utcb page{};
        ipc::OutgoingCaps outgoing;
        ipc::Registers registers;
        registers.tag = Tag(label, 0);
        ipc::IncomingMessage message(registers, page, outgoing);
        static_cast<void>(mem::Mem::dispatch(server, ipc::Context(raw(badge), registers.tag, nullptr), message));
        return static_cast<Error>(message.registers.tag.label());
    }

    MemServer server{state};
};

ipc::Context as(Badge badge) { return ipc::Context(raw(badge), Tag(), nullptr); }
constexpr Badge kControl = mem::Mem::badge_of(Kind::Control, core_pid("proc"));
ipc::Context control() { return as(kControl); }
ipc::Context device() { return as(mem::Mem::badge_of(Kind::Device, core_pid("dev"))); }

}  // namespace

TEST_CASE("each kind of session has its calls, and no call of another kind changes anything") {
    Served t;
    auto own = control();
    const u32 id = t.server.create_space(own, {.quota = 64})->id;
    const Machine::Totals before = t.totals();
    using mem::Mem;
    const auto refuses_others = [&](std::initializer_list<u32> labels, std::initializer_list<Kind> allowed) {
        for (const u32 label : labels) {
            CAPTURE(label);
            for (const Kind kind : {Kind::Control, Kind::Device, Kind::Log, Kind::Space, Kind::Pager, Kind::Object}) {
                const bool may = std::find(allowed.begin(), allowed.end(), kind) != allowed.end();
                if (!may) CHECK(t.answer(label, Mem::badge_of(kind, id)) == Error::PermissionDenied);
            }
            for (const Badge badge : {Badge::None, Badge{1}, Badge{2}, Badge{~u64{0}}}) CHECK(t.answer(label, badge) == Error::StaleSession);
        }
    };
    refuses_others({Mem::CreateSpaceMethod::kLabel, Mem::DestroySpaceMethod::kLabel, Mem::LoadImageMethod::kLabel, Mem::InfoOfMethod::kLabel,
                    Mem::ReadMemoryMethod::kLabel, Mem::MakeThreadMethod::kLabel, Mem::MapIntoMethod::kLabel}, {Kind::Control});
    refuses_others({Mem::DeviceObjectMethod::kLabel, Mem::PhysicalMethod::kLabel, Mem::PinMethod::kLabel, Mem::UnpinMethod::kLabel}, {Kind::Device});
    refuses_others({Mem::CoreLogMethod::kLabel}, {Kind::Log});
    refuses_others({Mem::AdoptMethod::kLabel}, {Kind::Control, Kind::Device, Kind::Log});
    refuses_others({Mem::CreateObjectMethod::kLabel, Mem::MapMethod::kLabel, Mem::UnmapMethod::kLabel, Mem::InfoMethod::kLabel,
                    Mem::BootArchiveMethod::kLabel, Mem::MakeObjectMethod::kLabel}, {Kind::Space});
    refuses_others({Mem::ReleaseMethod::kLabel}, {Kind::Device, Kind::Space});
    CHECK(t.totals() == before);
}

TEST_CASE("space methods need a space that lives") {
    Served t;
    auto own = control();
    const u32 id = t.server.create_space(own, {.quota = 64})->id;
    auto caller = as(mem::Mem::badge_of(Kind::Space, id));
    CHECK(t.server.create_object(caller, {.bytes = 4096}).ok());
    CHECK(t.server.info(caller, {})->quota == 64);
    CHECK(t.server.destroy_space(own, {.id = id}).ok());
    CHECK(t.server.create_object(caller, {.bytes = 4096}).error() == Error::StaleSession);
    CHECK(t.server.unmap(caller, {}).error() == Error::StaleSession);
    CHECK(t.server.info(caller, {}).error() == Error::StaleSession);
    CHECK(t.server.boot_archive(caller, {}).error() == Error::StaleSession);
    CHECK(t.server.destroy_space(own, {.id = id}).error() == Error::NotFound);
    // The record is used again, the id is not.
    const u32 next = t.server.create_space(own, {.quota = 64})->id;
    CHECK(next != id);
    CHECK(t.server.info(caller, {}).error() == Error::StaleSession);
}

TEST_CASE("only mem's own object capabilities name objects") {
    Served t;
    auto own = control();
    auto caller = as(mem::Mem::badge_of(Kind::Space, t.server.create_space(own, {.quota = 64})->id));
    const Machine::Totals before = t.totals();
    const Slot forged = t.kernel.put(ObjectType::Endpoint, 60, 0xbad, kAllRights, raw(mem::Mem::badge_of(Kind::Object, 1 << 9)));
    const Slot pager =
        t.kernel.put(ObjectType::Endpoint, 61, Machine::kEndpointId, kAllRights, raw(mem::Mem::badge_of(Kind::Pager, 65)));
    const Slot stale =
        t.kernel.put(ObjectType::Endpoint, 62, Machine::kEndpointId, kAllRights, raw(mem::Mem::badge_of(Kind::Object, 77 << 9)));
    CHECK(t.server.map(caller, t.mapping_of(forged, 0x3000'0000)).error() == Error::InvalidArgument);
    CHECK(t.server.map(caller, t.mapping_of(pager, 0x3000'0000)).error() == Error::InvalidArgument);
    CHECK(t.server.map(caller, t.mapping_of(Machine::kEndpoint, 0x3000'0000)).error() == Error::InvalidArgument);
    CHECK(t.server.map(caller, t.mapping_of(Machine::kTable, 0x3000'0000)).error() == Error::InvalidArgument);
    CHECK(t.server.map(caller, t.mapping_of(stale, 0x3000'0000)).error() == Error::NotFound);
    CHECK(t.server.map(caller, {}).error() == Error::InvalidArgument);
    CHECK(t.server.release(caller, t.object_field(forged)).error() == Error::InvalidArgument);
    for (const u32 slot : {60, 61, 62}) t.kernel.drop(Slot{slot});
    CHECK(t.totals() == before);
}

TEST_CASE("an object is released by its owner, once") {
    Served t;
    auto own = control();
    auto owner = as(mem::Mem::badge_of(Kind::Space, t.server.create_space(own, {.quota = 64})->id));
    auto other = as(mem::Mem::badge_of(Kind::Space, t.server.create_space(own, {.quota = 64})->id));
    const Machine::Totals before = t.totals();
    auto object = t.server.create_object(owner, {.bytes = 3 * kPageSize});
    REQUIRE(object.ok());
    const Slot slot = object->object.slot();
    CHECK(t.server.map(other, t.mapping_of(slot, 0x3000'0000)).ok());
    CHECK(t.server.release(other, t.object_field(slot)).error() == Error::PermissionDenied);
    CHECK(t.server.release(own, t.object_field(slot)).error() == Error::PermissionDenied);
    CHECK(t.server.release(owner, t.object_field(slot)).ok());
    CHECK(t.server.release(owner, t.object_field(slot)).error() == Error::PermissionDenied);
    CHECK(t.server.map(owner, t.mapping_of(slot, 0x3000'0000)).ok());
    auto pages = t.server.physical(own, [&] {
        mem::PageQuery query;
        query.object = t.sent<decltype(query.object)>(slot);
        query.first = 1;
        return query;
    }());
    REQUIRE(pages.ok());
    CHECK(pages->pages == 3);
    CHECK(pages->addresses.size() == 2);
    CHECK(t.server.unmap(owner, {.address = 0x3000'0000, .bytes = kPageSize}).ok());
    CHECK(t.server.unmap(other, {.address = 0x3000'0000, .bytes = kPageSize}).ok());
    object = Error::NotFound;  // gives the capability back
    const Machine::Totals after = t.totals();
    CHECK(after.objects == before.objects);
    CHECK(after.sending == before.sending);
    // What is left are the first space's page tables.
    CHECK(t.server.pin(own, t.object_field(Machine::kForeign)).error() == Error::InvalidArgument);
}

TEST_CASE("the archive is everybody's to read and nobody's to release") {
    Served t;
    auto own = control();
    auto caller = as(mem::Mem::badge_of(Kind::Space, t.server.create_space(own, {.quota = 64})->id));
    auto archive = t.server.boot_archive(caller, {});
    REQUIRE(archive.ok());
    CHECK(archive->bytes == Machine::kArchivePages * kPageSize);
    const Slot slot = archive->object.slot();
    CHECK(t.server.map(caller, t.mapping_of(slot, 0x3000'0000)).ok());
    auto writable = t.mapping_of(slot, 0x3100'0000);
    writable.rights = 3;
    CHECK(t.server.map(caller, std::move(writable)).error() == Error::PermissionDenied);
    CHECK(t.server.release(caller, t.object_field(slot)).error() == Error::PermissionDenied);
    CHECK(t.server.release(own, t.object_field(slot)).error() == Error::PermissionDenied);
}

TEST_CASE("the logs that root shows can be read through control, and are nobody's to write, to release or to give to a device") {
    Served t;
    constexpr u32 kPages = 2, kFirst = 200;
    for (u32 i = 0; i < kPages * kCoreProcesses.size(); ++i)
        t.kernel.put(ObjectType::Frame, kFirst + i, 5000 + i, bits(FrameRight::Read));
    auto own = control();
    CHECK(t.server.core_log(own, {.pid = 1}).error() == Error::NotFound);
    for (u32 i = 0; i < kCoreProcesses.size(); ++i) {
        const auto log = shown_object(t.state, Slot{kFirst + i * kPages}, kPages);
        REQUIRE(log.ok());
        t.state.core_logs[i] = (*log)->id;
    }
    auto caller = as(mem::Mem::badge_of(Kind::Space, t.server.create_space(own, {.quota = 64})->id));
    for (const u32 pid : {u32{0}, u32{kCoreProcesses.size() + 1}, ~u32{0}})
        CHECK(t.server.core_log(own, {.pid = pid}).error() == Error::NotFound);
    const Machine::Totals before = t.totals();
    auto ring = t.server.core_log(own, {.pid = kSupervisorPid});
    REQUIRE(ring.ok());
    CHECK(ring->bytes == kPages * kPageSize);
    const Slot slot = ring->object.slot();
    CHECK(t.server.map(caller, t.mapping_of(slot, 0x3000'0000)).ok());
    auto writable = t.mapping_of(slot, 0x3100'0000);
    writable.rights = 3;
    CHECK(t.server.map(caller, std::move(writable)).error() == Error::PermissionDenied);
    CHECK(t.server.release(own, t.object_field(slot)).error() == Error::PermissionDenied);
    mem::PageQuery query;
    query.object = t.sent<decltype(query.object)>(slot);
    CHECK(t.server.physical(own, std::move(query)).error() == Error::PermissionDenied);
    CHECK(t.server.unmap(caller, {.address = 0x3000'0000, .bytes = kPageSize}).ok());
    const u32 id = static_cast<u32>(ipc::session_id(caller.badge()));
    CHECK(t.server.destroy_space(own, {.id = id}).ok());
    CHECK(t.server.core_log(own, {.pid = kSupervisorPid}).ok());
    CHECK(t.totals().objects == before.objects);
}

TEST_CASE("a device's object is released by dev") {
    Served t;
    auto own = device();
    auto object = t.server.device_object(own, {.address = Machine::kDevice, .bytes = 2 * kPageSize});
    REQUIRE(object.ok());
    CHECK(t.server.release(own, t.object_field(object->object.slot())).ok());
    CHECK(t.server.device_object(own, {.address = Machine::kDevice, .bytes = kPageSize}).ok());
}

TEST_CASE("threads and kernel objects: kinds are checked, and the space's death takes them all") {
    Served t;
    auto own = control();
    const Machine::Totals before = t.totals();
    const u32 id = t.server.create_space(own, {.quota = 200})->id;
    const auto thread = [&](Slot table, Slot exceptions, u32 replies = 4, u64 budget = 10) {
        mem::ThreadRequest request;
        request.space = id;
        request.table = t.sent<decltype(request.table)>(table);
        request.exceptions = t.sent<decltype(request.exceptions)>(exceptions);
        request.first_reply = 10;
        request.replies = replies;
        request.budget = budget;
        request.period = 1000;
        return t.server.make_thread(own, std::move(request));
    };
    CHECK(thread(Machine::kExceptions, Machine::kExceptions).error() == Error::InvalidArgument);
    CHECK(thread(Machine::kTable, Machine::kTable).error() == Error::InvalidArgument);
    CHECK(thread(Machine::kTable, Machine::kExceptions, 65).error() == Error::OutOfRange);
    CHECK(thread(Machine::kTable, Machine::kExceptions, 4, 1001).error() == Error::InvalidArgument);
    CHECK(thread(Machine::kTable, Machine::kExceptions).ok());
    CHECK(thread(Machine::kTable, Machine::kExceptions).error() == Error::AlreadyExists);
    for (u32 slot = 10; slot < 14; ++slot) CHECK(t.kernel.find(slot, Machine::kTableId)->type == ObjectType::Reply);

    auto session = as(mem::Mem::badge_of(Kind::Space, id));
    const auto make = [&](ObjectType type, u8 size_bits = 0) {
        return t.server.make_object(session, {.type = static_cast<u8>(type), .size_bits = size_bits})
            .error();
    };
    CHECK(make(ObjectType::Endpoint) == Error::None);
    CHECK(make(ObjectType::CapTable, 9) == Error::None);
    CHECK(make(ObjectType::Notification) == Error::None);
    CHECK(make(ObjectType::CapTable, 0) == Error::InvalidArgument);
    CHECK(make(ObjectType::CapTable, 21) == Error::InvalidArgument);
    CHECK(make(ObjectType::CapTable, 20) == Error::OutOfMemory);
    CHECK(make(ObjectType::Endpoint, 3) == Error::InvalidArgument);
    CHECK(make(ObjectType::Thread) == Error::NotSupported);
    CHECK(make(ObjectType::Untyped, 12) == Error::NotSupported);
    CHECK(make(static_cast<ObjectType>(200)) == Error::NotSupported);
    CHECK(t.server.destroy_space(own, {.id = id}).ok());
    CHECK(t.totals() == before);
    CHECK(!t.kernel.find(10, Machine::kTableId));
}

TEST_CASE("faults come from the kernel with a pager's badge") {
    Served t;
    auto own = control();
    const u32 id = t.server.create_space(own, {.quota = 64})->id;
    CHECK(t.server.page_fault(mem::Mem::badge_of(Kind::Pager, id), layout::kHeapBase, 6) == Error::None);
    CHECK(t.server.page_fault(mem::Mem::badge_of(Kind::Space, id), layout::kHeapBase + 0x1000, 6) == Error::PermissionDenied);
    CHECK(t.server.page_fault(kControl, layout::kHeapBase + 0x1000, 6) == Error::PermissionDenied);
    CHECK(t.server.destroy_space(own, {.id = id}).ok());
    CHECK(t.server.page_fault(mem::Mem::badge_of(Kind::Pager, id), layout::kHeapBase + 0x1000, 6) == Error::NotFound);
}

TEST_CASE("root's arguments") {
    CHECK(parse_pair("untyped=20,3f archive=3fe0000,8000", "untyped=")->second == 0x3f);
    CHECK(parse_pair("untyped=20,3f archive=3fe0000,8000", "archive=")->first == 0x3fe'0000);
    CHECK(parse_pair("untyped=20,3f", "archive=").error() == Error::NotFound);
    CHECK(parse_pair("xuntyped=20,3f", "untyped=").error() == Error::NotFound);
    CHECK(parse_pair("untyped=20", "untyped=").error() == Error::BadFormat);
    CHECK(parse_pair("untyped=2g,1", "untyped=").error() == Error::BadFormat);
    CHECK(parse_pair("untyped=,1", "untyped=").error() == Error::BadFormat);
    CHECK(parse_pair("untyped=11112222333344445,1", "untyped=").error() == Error::BadFormat);
}
