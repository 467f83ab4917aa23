#include "machine.h"

#include <doctest/doctest.h>

#include <mem/arguments.h>
#include <mem/server.h>

using namespace eft;
using namespace eft::memory;
using memory_test::Machine;

namespace {

struct Served : Machine {
    using Machine::Machine;
    // A copy of a capability, as if it had come with a request.
    template <class Field>
    Field sent(Slot source) {
        return Field::owning(copy_capability(source)->release());
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
ipc::Context as_dev() { return as(mem::Mem::badge_of(Kind::Device, core_pid("dev"))); }

}  // namespace

MEM_CASE(Served, "each kind of session has its calls, and no call of another kind changes anything") {
    auto own = control();
    const u32 id = server.create_space(own, {.quota = 64})->id;
    const Machine::Totals before = totals();
    using mem::Mem;
    const auto refuses_others = [&](std::initializer_list<u32> labels, std::initializer_list<Kind> allowed) {
        for (const u32 label : labels) {
            CAPTURE(label);
            for (const Kind kind : {Kind::Control, Kind::Device, Kind::Log, Kind::Space, Kind::Pager, Kind::Object}) {
                const bool may = std::find(allowed.begin(), allowed.end(), kind) != allowed.end();
                if (!may) CHECK(answer(label, Mem::badge_of(kind, id)) == Error::PermissionDenied);
            }
            for (const Badge badge : {Badge::None, Badge{1}, Badge{2}, Badge{~u64{0}}}) CHECK(answer(label, badge) == Error::StaleSession);
        }
    };
    refuses_others({Mem::CreateSpaceMethod::kLabel, Mem::DestroySpaceMethod::kLabel, Mem::LoadImageMethod::kLabel, Mem::InfoOfMethod::kLabel,
                    Mem::ReadMemoryMethod::kLabel, Mem::MakeThreadMethod::kLabel, Mem::MapIntoMethod::kLabel,
                    Mem::MakeRepliesMethod::kLabel, Mem::EndThreadsMethod::kLabel}, {Kind::Control});
    refuses_others({Mem::DeviceObjectMethod::kLabel, Mem::PhysicalMethod::kLabel, Mem::PinMethod::kLabel, Mem::UnpinMethod::kLabel}, {Kind::Device});
    refuses_others({Mem::CoreLogMethod::kLabel}, {Kind::Log});
    refuses_others({Mem::AdoptMethod::kLabel}, {Kind::Control, Kind::Device, Kind::Log});
    refuses_others({Mem::CreateObjectMethod::kLabel, Mem::MapMethod::kLabel, Mem::UnmapMethod::kLabel, Mem::InfoMethod::kLabel,
                    Mem::BootArchiveMethod::kLabel, Mem::MakeObjectMethod::kLabel}, {Kind::Space});
    refuses_others({Mem::ReleaseMethod::kLabel}, {Kind::Device, Kind::Space});
    CHECK(totals() == before);
}

MEM_CASE(Served, "space methods need a space that lives") {
    auto own = control();
    const u32 id = server.create_space(own, {.quota = 64})->id;
    auto caller = as(mem::Mem::badge_of(Kind::Space, id));
    CHECK(server.create_object(caller, {.bytes = 4096}).ok());
    CHECK(server.info(caller, {})->quota == 64);
    CHECK(server.destroy_space(own, {.id = id}).ok());
    CHECK(server.create_object(caller, {.bytes = 4096}).error() == Error::StaleSession);
    CHECK(server.unmap(caller, {}).error() == Error::StaleSession);
    CHECK(server.info(caller, {}).error() == Error::StaleSession);
    CHECK(server.boot_archive(caller, {}).error() == Error::StaleSession);
    CHECK(server.destroy_space(own, {.id = id}).error() == Error::NotFound);
    // The record is used again, the id is not.
    const u32 next = server.create_space(own, {.quota = 64})->id;
    CHECK(next != id);
    CHECK(server.info(caller, {}).error() == Error::StaleSession);
}

MEM_CASE(Served, "only mem's own object capabilities name objects") {
    auto own = control();
    auto caller = as(mem::Mem::badge_of(Kind::Space, server.create_space(own, {.quota = 64})->id));
    const Machine::Totals before = totals();
    const Slot forged = copy_capability(exceptions, kAllRights, raw(mem::Mem::badge_of(Kind::Object, 1 << 9)))->release();
    const auto own_with = [](Badge badge) { return copy_capability(slot(WellKnown::Endpoint), bits(EndpointRight::Send), raw(badge))->release(); };
    const Slot pager = own_with(mem::Mem::badge_of(Kind::Pager, 65)), stale = own_with(mem::Mem::badge_of(Kind::Object, 77 << 9));
    CHECK(server.map(caller, mapping_of(forged, 0x3000'0000)).error() == Error::InvalidArgument);
    CHECK(server.map(caller, mapping_of(pager, 0x3000'0000)).error() == Error::InvalidArgument);
    CHECK(server.map(caller, mapping_of(slot(WellKnown::Endpoint), 0x3000'0000)).error() == Error::InvalidArgument);
    CHECK(server.map(caller, mapping_of(table, 0x3000'0000)).error() == Error::InvalidArgument);
    CHECK(server.map(caller, mapping_of(stale, 0x3000'0000)).error() == Error::NotFound);
    CHECK(server.map(caller, {}).error() == Error::InvalidCapability);
    CHECK(server.release(caller, object_field(forged)).error() == Error::InvalidArgument);
    for (const Slot each : {forged, pager, stale}) drop_slot(each);
    CHECK(totals() == before);
}

MEM_CASE(Served, "an object is released by its owner, once") {
    auto own = control();
    auto owner = as(mem::Mem::badge_of(Kind::Space, server.create_space(own, {.quota = 64})->id));
    auto other = as(mem::Mem::badge_of(Kind::Space, server.create_space(own, {.quota = 64})->id));
    const Machine::Totals before = totals();
    auto object = server.create_object(owner, {.bytes = 3 * kPageSize});
    REQUIRE(object.ok());
    const Slot slot = object->object.slot();
    CHECK(server.map(other, mapping_of(slot, 0x3000'0000)).ok());
    CHECK(server.release(other, object_field(slot)).error() == Error::PermissionDenied);
    CHECK(server.release(own, object_field(slot)).error() == Error::PermissionDenied);
    CHECK(server.release(owner, object_field(slot)).ok());
    CHECK(server.release(owner, object_field(slot)).error() == Error::PermissionDenied);
    CHECK(server.map(owner, mapping_of(slot, 0x3000'0000)).ok());
    auto pages = server.physical(own, [&] {
        mem::PageQuery query;
        query.object = sent<decltype(query.object)>(slot);
        query.first = 1;
        return query;
    }());
    REQUIRE(pages.ok());
    CHECK(pages->pages == 3);
    CHECK(pages->addresses.size() == 2);
    CHECK(server.unmap(owner, {.address = 0x3000'0000, .bytes = kPageSize}).ok());
    CHECK(server.unmap(other, {.address = 0x3000'0000, .bytes = kPageSize}).ok());
    object = Error::NotFound;  // gives the capability back
    const Machine::Totals after = totals();
    CHECK(after.objects == before.objects);
    CHECK(after.sending == before.sending);
    // What is left are the first space's page tables.
    CHECK(server.pin(own, object_field(exceptions)).error() == Error::InvalidArgument);
}

MEM_CASE(Served, "the archive is everybody's to read and nobody's to release") {
    auto own = control();
    auto caller = as(mem::Mem::badge_of(Kind::Space, server.create_space(own, {.quota = 64})->id));
    auto archive = server.boot_archive(caller, {});
    REQUIRE(archive.ok());
    CHECK(archive->bytes == Machine::kArchivePages * kPageSize);
    const Slot slot = archive->object.slot();
    CHECK(server.map(caller, mapping_of(slot, 0x3000'0000)).ok());
    auto writable = mapping_of(slot, 0x3100'0000);
    writable.rights = 3;
    CHECK(server.map(caller, std::move(writable)).error() == Error::PermissionDenied);
    CHECK(server.release(caller, object_field(slot)).error() == Error::PermissionDenied);
    CHECK(server.release(own, object_field(slot)).error() == Error::PermissionDenied);
}

MEM_CASE(Served, "the logs that root shows can be read through control, and are nobody's to write, to release or to give to a device") {
    constexpr u32 kPages = memory_test::Given::kLogFrames / kCoreProcesses.size();
    auto own = control();
    CHECK(server.core_log(own, {.pid = 1}).error() == Error::NotFound);
    for (u32 i = 0; i < kCoreProcesses.size(); ++i) {
        const auto log = shown_object(state, slot_at(given.logs, i * kPages), kPages);
        REQUIRE(log.ok());
        state.core_logs[i] = (*log)->id;
    }
    auto caller = as(mem::Mem::badge_of(Kind::Space, server.create_space(own, {.quota = 64})->id));
    for (const u32 pid : {u32{0}, u32{kCoreProcesses.size() + 1}, ~u32{0}})
        CHECK(server.core_log(own, {.pid = pid}).error() == Error::NotFound);
    const Machine::Totals before = totals();
    auto ring = server.core_log(own, {.pid = kSupervisorPid});
    REQUIRE(ring.ok());
    CHECK(ring->bytes == kPages * kPageSize);
    const Slot slot = ring->object.slot();
    CHECK(server.map(caller, mapping_of(slot, 0x3000'0000)).ok());
    auto writable = mapping_of(slot, 0x3100'0000);
    writable.rights = 3;
    CHECK(server.map(caller, std::move(writable)).error() == Error::PermissionDenied);
    CHECK(server.release(own, object_field(slot)).error() == Error::PermissionDenied);
    mem::PageQuery query;
    query.object = sent<decltype(query.object)>(slot);
    CHECK(server.physical(own, std::move(query)).error() == Error::PermissionDenied);
    CHECK(server.unmap(caller, {.address = 0x3000'0000, .bytes = kPageSize}).ok());
    const u32 id = static_cast<u32>(ipc::session_id(caller.badge()));
    CHECK(server.destroy_space(own, {.id = id}).ok());
    CHECK(server.core_log(own, {.pid = kSupervisorPid}).ok());
    CHECK(totals().objects == before.objects);
}

MEM_CASE(Served, "a device's object is released by dev") {
    auto own = as_dev();
    auto object = server.device_object(own, {.address = device, .bytes = 2 * kPageSize});
    REQUIRE(object.ok());
    CHECK(server.release(own, object_field(object->object.slot())).ok());
    server.finish_last();  // as it is before each request
    CHECK(server.device_object(own, {.address = device, .bytes = kPageSize}).ok());
}

MEM_CASE(Served, "threads and kernel objects: kinds are checked, and the space's death takes them all") {
    auto own = control();
    const Machine::Totals before = totals();
    const u32 id = server.create_space(own, {.quota = 200})->id;
    const auto thread = [&](Slot its_table, Slot handler, u32 replies = 4, u64 budget = 10) {
        mem::ThreadRequest request;
        request.space = id;
        request.table = sent<decltype(request.table)>(its_table);
        request.exceptions = sent<decltype(request.exceptions)>(handler);
        request.first_reply = 10;
        request.replies = replies;
        request.budget = budget;
        request.period = 1000;
        return server.make_thread(own, std::move(request));
    };
    CHECK(thread(exceptions, exceptions).error() == Error::InvalidArgument);
    CHECK(thread(table, table).error() == Error::InvalidArgument);
    CHECK(thread(table, exceptions, 65).error() == Error::OutOfRange);
    CHECK(thread(table, exceptions, 4, 1001).error() == Error::InvalidArgument);
    CHECK(thread(table, exceptions).ok());
    CHECK(thread(table, exceptions).error() == Error::AlreadyExists);
    for (u32 each = 10; each < 14; ++each) CHECK(memory_test::ko::inspect(table, Slot{each})->type == ObjectType::Reply);

    auto session = as(mem::Mem::badge_of(Kind::Space, id));
    const auto make = [&](ObjectType type, u8 size_bits = 0) {
        return server.make_object(session, {.type = static_cast<u8>(type), .size_bits = size_bits})
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
    CHECK(server.destroy_space(own, {.id = id}).ok());
    CHECK(totals() == before);
    CHECK(!memory_test::is_there(table, Slot{10}));
}

MEM_CASE(Served, "further threads: the process's own table and priority, no more of the processor, and the space's death takes them") {
    auto own = control();
    const Machine::Totals before = totals();
    const auto space_with_thread = [&](u64 budget) {
        const u32 id = server.create_space(own, {.quota = 200})->id;
        mem::ThreadRequest request;
        request.space = id;
        request.table = sent<decltype(request.table)>(table);
        request.exceptions = sent<decltype(request.exceptions)>(exceptions);
        request.budget = budget;
        request.period = budget * 10;
        request.ceiling = 40;
        auto made = server.make_thread(own, std::move(request));
        CHECK(made.ok());
        CHECK(memory_test::ko::set_priority(made->thread.slot(), 17).ok());
        return id;
    };
    const auto further = [&](u32 id, Slot its_table, u32 index) {
        auto session = as(mem::Mem::badge_of(Kind::Space, id));
        mem::FurtherThreadRequest request;
        request.table = sent<decltype(request.table)>(its_table);
        request.index = index;
        return server.further_thread(session, std::move(request));
    };
    const u32 empty = server.create_space(own, {.quota = 200})->id;
    CHECK(further(empty, table, 0).error() == Error::WrongState);
    CHECK(server.destroy_space(own, {.id = empty}).ok());
    const u32 shared = space_with_thread(10);
    CHECK(further(shared, table, 0).error() == Error::WrongState);
    CHECK(server.destroy_space(own, {.id = shared}).ok());

    const u32 id = space_with_thread(0);
    CHECK(further(id, exceptions, 0).error() == Error::InvalidArgument);
    CHECK(further(id, table, layout::kMostFurtherThreads).error() == Error::OutOfRange);
    {
        auto made = further(id, table, 2);
        REQUIRE(made.ok());
        const Slot thread = made->thread.slot();
        const auto info = memory_test::ko::inspect_thread(thread);
        CHECK(info->state == ThreadState::Suspended);
        CHECK(info->priority == 17);
        CHECK(memory_test::ko::set_priority(thread, 18).error() == Error::MissingRight);
        CHECK(memory_test::ko::set_priority(thread, 16).ok());
        CHECK(page_of(*state.spaces.find(id), layout::further_utcb(2)).has_value());
        CHECK(further(id, table, 2).error() == Error::AlreadyExists);
        // It has all that it takes to run.
        CHECK(memory_test::ko::resume(thread).ok());
        CHECK(memory_test::ko::suspend(thread).ok());
        for (u32 index : {0u, 1u, 3u}) CHECK(further(id, table, index).ok());
        CHECK(server.destroy_space(own, {.id = id}).ok());
        CHECK(!memory_test::is_there(slot(WellKnown::Table), thread));
    }
    CHECK(totals() == before);
}

MEM_CASE(Served, "faults come from the kernel with a pager's badge") {
    auto own = control();
    const u32 id = server.create_space(own, {.quota = 64})->id;
    CHECK(server.page_fault(mem::Mem::badge_of(Kind::Pager, id), layout::kHeapBase, 6) == Error::None);
    CHECK(server.page_fault(mem::Mem::badge_of(Kind::Space, id), layout::kHeapBase + 0x1000, 6) == Error::PermissionDenied);
    CHECK(server.page_fault(kControl, layout::kHeapBase + 0x1000, 6) == Error::PermissionDenied);
    CHECK(server.destroy_space(own, {.id = id}).ok());
    CHECK(server.page_fault(mem::Mem::badge_of(Kind::Pager, id), layout::kHeapBase + 0x1000, 6) == Error::NotFound);
}

MEM_CASE(Served, "whatever fails when a core server tells its next address space, it keeps its session and its objects") {
    auto own = as_dev();
    const auto adopt = [&] {
        mem::AdoptRequest request;
        request.space = sent<decltype(request.space)>(*granted("space"));
        request.quota = 100;
        request.own = true;
        return request;
    };
    const u32 id = server.adopt(own, adopt())->id;
    auto session = as(mem::Mem::badge_of(Kind::Space, id));
    REQUIRE(server.create_object(session, {.bytes = kPageSize}).ok());
    const Machine::Totals before = totals();
    unsigned refused = 0;
    for (u64 failure = 0;; ++failure) {
        CAPTURE(failure);
        bool failed = false, all = false;
        {
            auto request = adopt();
            const memory_test::Failure one(failure);
            failed = !server.adopt(own, std::move(request)).ok();
            all = one.operations() <= failure;
        }
        refused += failed;
        REQUIRE(server.info(session, {}).ok());
        CHECK(server.info(session, {})->used == 1);
        REQUIRE(server.adopt(own, adopt())->id == id);
        CHECK(totals() == before);
        if (all) break;
    }
    CHECK(refused == 2);  // the move of what came, and the copy of the session
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
