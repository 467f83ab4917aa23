// What proc's logic does to the world: calls to mem, and kernel invocations. The host tests have a model in its place.
//
// Slots are of proc's own table unless they follow a `table`, whose slots they then are. drop() takes Slot::None.
#pragma once

#include "processor_share.h"

#include <eft/cap.h>
#include <eft/idl/mem.h>
#include <eft/invoke.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/process.h>

#include <span>

namespace eft::processes {

struct NewSpace {
    u32 id;
    Slot session;
};
struct StartRegisters {
    u64 instruction_pointer, stack_pointer, first, second;
};
struct ThreadView {
    ThreadState state;
    u64 blocked_on, replies_delivered, instruction_pointer, stack_pointer;
};

class SystemEnvironment {
public:
    // `control` is the control session of mem.
    explicit SystemEnvironment(Slot control) : mem_(CapHandle(control)) {}

    // A session of its own for proc's address space, and the boot archive mapped through it.
    Status open(Slot own_space, u32 quota) {
        mem::AdoptRequest adopt;
        adopt.space = decltype(adopt.space)(own_space);
        adopt.quota = quota;
        EFT_TRY(mem::Space own, mem_.adopt(adopt).or_error());
        mem::MemClient<> session{CapHandle(own.session.release())};
        EFT_TRY(mem::Archive archive, session.boot_archive().or_error());
        mem::Mapping mapping;
        mapping.object = std::move(archive.object);
        mapping.bytes = page_up(archive.bytes);
        mapping.address = layout::kObjectBase;
        mapping.rights = bits(FrameRight::Read);
        EFT_CHECK(session.map(mapping).or_error());
        archive_ = {reinterpret_cast<const std::byte*>(layout::kObjectBase), archive.bytes};
        return {};
    }
    std::span<const std::byte> archive() const { return archive_; }

    // mem
    Result<NewSpace> create_space(u32 quota) {
        EFT_TRY(mem::Space space, mem_.create_space({.quota = quota}).or_error());
        return NewSpace{space.id, space.session.release()};
    }
    void destroy_space(u32 id) {
        if (const auto gone = mem_.destroy_space({.id = id}).or_error(); !gone.ok())
            log("mem cannot destroy a space");
    }
    Status load_image(const mem::Image& image) { return mem_.load_image(image).or_error().error(); }
    Status map_into(u32 space, Slot object, u64 bytes, u64 address, Rights rights) {
        mem::MappingInto request;
        request.object = decltype(request.object)(object);
        request.bytes = bytes;
        request.address = address;
        request.rights = rights;
        request.space = space;
        return mem_.map_into(request).or_error().error();
    }
    Result<Slot> make_thread(u32 space, Slot table, Slot exceptions, const ProcessorShare& share) {
        mem::ThreadRequest request;
        request.space = space;
        request.table = decltype(request.table)(table);
        request.exceptions = decltype(request.exceptions)(exceptions);
        request.first_reply = static_cast<u32>(WellKnown::FirstReply);
        request.replies = kSpareReplies;
        request.budget = share.budget;
        request.period = share.period;
        request.ceiling = share.ceiling;
        EFT_TRY(mem::ThreadMade made, mem_.make_thread(request).or_error());
        return made.thread.release();
    }
    u32 pages(u32 space) {
        const Result<mem::Usage> usage = mem_.info_of({.id = space});
        return usage.ok() ? usage->used : 0;
    }
    // The words from `address` to the end of its page, or none.
    std::span<u64> read_memory(u32 space, u64 address, std::span<u64> words) {
        const Result<mem::MemoryWords> read = mem_.read_memory({.space = space, .address = address});
        if (!read.ok()) return {};
        const std::size_t count = std::min(words.size(), read->words.size());
        std::copy_n(read->words.data(), count, words.data());
        return words.first(count);
    }

    // Capabilities
    Status require(Slot slot, ObjectType type, Rights rights) {
        EFT_TRY(const auto info, kernel_object::inspect(kOwnTable, slot));
        if (info.type != type) return Error::InvalidArgument;
        return (info.rights & rights) == rights ? Status() : Error::MissingRight;
    }
    Result<Slot> copy_of_endpoint(Badge badge) {
        EFT_TRY(CapHandle copy, copy_capability(slot(WellKnown::Endpoint), bits(EndpointRight::Send), raw(badge)));
        return copy.release();
    }
    Status derive_into(Slot table, WellKnown index, Slot source) {
        return kernel_object::derive(table, slot(index), source);
    }
    Status session_into(Slot table, WellKnown index, Badge badge) {
        return kernel_object::derive(table, slot(index), slot(WellKnown::Endpoint), bits(EndpointRight::Send),
                                     raw(badge));
    }
    Status move_into(Slot table, WellKnown index, Slot source) {
        EFT_CHECK(kernel_object::move(table, slot(index), source));
        return_slot(source);
        return {};
    }
    Result<u32> table_slots(Slot table) {
        constexpr u64 kEnd = ~u64{0};  // it counts from there, and so nothing
        EFT_TRY(const auto answer, kernel_object::invoke(table, Invocation::CapUsed, kEnd));
        return static_cast<u32>(answer.w[0]);
    }
    void clear(Slot table, WellKnown first, u32 count) {
        static_cast<void>(kernel_object::remove(table, slot(first), count));
    }
    void drop(Slot which) { drop_slot(which); }
    void signal(Slot notification) { sys::signal(notification); }

    // Threads
    Status start(Slot thread, const StartRegisters& registers, u8 priority) {
        EFT_CHECK(set_registers(thread, registers));
        EFT_CHECK(kernel_object::set_priority(thread, priority));
        return resume(thread);
    }
    Status set_registers(Slot thread, const StartRegisters& registers) {
        return kernel_object::set_registers(thread, registers.instruction_pointer, registers.stack_pointer,
                                            registers.first, registers.second);
    }
    Status resume(Slot thread) { return kernel_object::resume(thread); }
    void suspend(Slot thread) { static_cast<void>(kernel_object::suspend(thread)); }
    Result<ThreadView> inspect(Slot thread) {
        EFT_TRY(const auto info, kernel_object::inspect_thread(thread));
        return ThreadView{info.state, info.blocked_on, info.replies_delivered, info.instruction_pointer,
                          info.get(UserRegister::Rsp)};
    }
    u64 now() { return sys::time_stamp(); }

    // A line in proc's log: "NAME: WHAT WHY".
    void note(std::string_view name, std::string_view what, std::string_view why) {
        char line[128];
        std::size_t length = 0;
        for (const std::string_view part : {name, std::string_view(": "), what, why}) {
            for (const char c : part)
                if (length < sizeof(line)) line[length++] = c;
        }
        log({line, length});
    }

private:
    static constexpr Slot kOwnTable = slot(WellKnown::Table);

    mem::MemClient<> mem_;
    std::span<const std::byte> archive_;
};

}  // namespace eft::processes
