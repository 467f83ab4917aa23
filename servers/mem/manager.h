// Spaces from birth to death, and what is made for them: threads, kernel objects, image pages, lazily zeroed pages.
//
// Kernel is the system calls that mem needs (kernel_calls.h); host tests put a model of them in its place.
#pragma once

#include "mappings.h"

#include <eft/core_processes.h>

#include <cstring>
#include <span>

namespace eft::memory {

struct ImageRequest {
    u64 address;
    u64 archive_offset;
    u64 file_bytes;
    u64 memory_bytes;
    Rights rights;
};

struct ThreadPlan {
    Slot table;
    Slot exceptions;
    u32 first_reply;  // slots of `table`
    u32 replies;
    u64 budget, period;  // ticks; both 0: no limit
    u8 ceiling;
};

template <class Kernel>
class Manager {
public:
    static constexpr u32 kMaxReplies = 64;
    static constexpr u32 kOwnQuota = 16384;
    // In mem's own address space: one page through which frames are filled, and the boot archive.
    static constexpr u64 kWindow = layout::kObjectBase;
    static constexpr u64 kArchiveWindow = layout::kObjectBase + 0x10'0000;

    Manager(Kernel& kernel, Slot endpoint)
        : kernel_(kernel),
          endpoint_(endpoint),
          store_(kernel),
          memory_(store_),
          objects_(store_, spaces_, endpoint),
          mappings_(store_, spaces_, objects_, memory_) {}

    // mem's own address space, and the boot archive in it. Memory has been added to the buddy before.
    Status start(Slot own_space, u64 archive_address, u64 archive_bytes) {
        EFT_TRY(own_, adopt(own_space, kOwnQuota));
        EFT_TRY(archive_, objects_.device(archive_address, archive_bytes, true));
        archive_bytes_ = archive_bytes;
        return mappings_.map(*own_, *archive_, {0, page_up(archive_bytes), kArchiveWindow, bits(FrameRight::Read)});
    }

    // The log rings of the core processes: consecutive slots, so many pages of each.
    Status show_logs(Slot first, u32 pages_each) {
        for (Object*& log : core_logs_) {
            EFT_TRY(log, objects_.shown(first, pages_each));
            first = static_cast<Slot>(raw(first) + pages_each);
        }
        return {};
    }
    Result<const Object*> core_log(u32 pid) const {
        if (pid == 0 || pid > core_logs_.size() || !core_logs_[pid - 1]) return Error::NotFound;
        return core_logs_[pid - 1];
    }

    Result<Space*> create_space(u32 quota) {
        EFT_TRY(Space * space, begin_space(quota));
        const Result<Slot> made = memory_.take_address_space(*space);
        if (!made.ok()) {
            end_space(*space);
            return made.error();
        }
        space->space = *made;
        return space;
    }

    // `address_space` becomes the record's, if this succeeds.
    Result<Space*> adopt(Slot address_space, u32 quota) {
        EFT_TRY(Space * space, begin_space(quota));
        space->space = address_space;
        space->adopted = true;
        return space;
    }

    void destroy_space(Space& space) {
        if (&space == own_) return;
        end_space(space);
    }

    Status load_image(Space& space, const ImageRequest& request) {
        EFT_CHECK(check(request));
        for (u64 done = 0; done < request.memory_bytes; done += kPageSize) {
            EFT_TRY(const Slot frame, memory_.take_page(space, ObjectType::Frame));
            if (done < request.file_bytes)
                EFT_CHECK(fill(frame, request.archive_offset + done, std::min(request.file_bytes - done, kPageSize)));
            if (request.rights & bits(FrameRight::Execute)) EFT_CHECK(kernel_.seal(frame));
            EFT_CHECK(memory_.map(space, frame, request.address + done, request.rights));
        }
        return {};
    }

    // The space's one thread, suspended. The answer is a capability to send.
    Result<Slot> make_thread(Space& space, const ThreadPlan& plan) {
        if (space.thread != Slot::None) return Error::AlreadyExists;
        if (space.adopted) return Error::WrongState;
        if (plan.replies > kMaxReplies) return Error::OutOfRange;
        if (plan.budget > plan.period || (plan.budget == 0) != (plan.period == 0)) return Error::InvalidArgument;
        if (plan.ceiling >= kPriorities) return Error::OutOfRange;
        EFT_TRY(const Slot utcb, memory_.take_page(space, ObjectType::Frame));
        EFT_CHECK(memory_.map(space, utcb, layout::kUtcbAddress, kReadWrite));
        EFT_TRY(const Slot slot, make_in_own_slot(space, ObjectType::Thread));
        space.thread = slot;
        EFT_TRY(space.context, make_in_own_slot(space, ObjectType::SchedContext));
        EFT_CHECK(kernel_.configure_context(space.context, plan.budget, plan.period, plan.ceiling));
        EFT_CHECK(kernel_.configure(slot, plan.table, space.space, utcb, layout::kUtcbAddress));
        EFT_CHECK(kernel_.set_context(slot, space.context));
        EFT_CHECK(kernel_.set_handlers(slot, space.pager, plan.exceptions));
        EFT_CHECK(make_replies(space, plan));
        return kernel_.copy_for_sending(slot);
    }

    // A kernel object in a slot of libos', to be moved away.
    Result<Slot> make_object(Space& space, ObjectType type, unsigned size_bits) {
        const bool table = type == ObjectType::CapTable;
        if (!table && type != ObjectType::Endpoint && type != ObjectType::Notification && type != ObjectType::Reply)
            return Error::NotSupported;
        if (table ? size_bits < 1 || size_bits > kMaxTableBits : size_bits != 0) return Error::InvalidArgument;
        EFT_TRY(const Slot slot, kernel_.slot_for_sending());
        if (Status made = memory_.make_small(space, type, slot, 1, size_bits); !made.ok()) {
            kernel_.drop(slot);
            return made.error();
        }
        return slot;
    }

    // A page fault: None if the page is there now.
    Error resolve_fault(u64 space_id, u64 address, u64 code) {
        Space* space = spaces_.find(space_id);
        if (!space) return Error::NotFound;
        if (code & (static_cast<u64>(FaultBit::Present) | static_cast<u64>(FaultBit::Fetch))) return Error::OutOfRange;
        const bool in_stack = address >= kStackBottom && address < layout::kStackTop;
        if (!in_stack && (address < layout::kHeapBase || address >= layout::kHeapLimit)) return Error::OutOfRange;
        const Result<Slot> frame = memory_.take_page(*space, ObjectType::Frame);
        if (!frame.ok()) return frame.error();
        const Status mapped = memory_.map(*space, *frame, page_down(address), kReadWrite);
        if (in_stack && mapped.ok()) space->stack[(address - kStackBottom) >> kPageBits] = *frame;
        return mapped.error() == Error::AlreadyMapped ? Error::None : mapped.error();
    }

    // Words of a space's stack or of an object that it maps, up to the end of the page; how many were read.
    Result<u32> read_memory(const Space& space, u64 address, std::span<u64> words) {
        if (address % sizeof(u64) != 0) return Error::InvalidArgument;
        EFT_TRY(const Slot frame, readable_frame(space, address));
        const u64 offset = address & (kPageSize - 1);
        const auto count = static_cast<u32>(std::min<u64>(words.size(), (kPageSize - offset) / sizeof(u64)));
        EFT_TRY(const Slot copy, store_.take_slots());
        Status read = kernel_.derive(copy, frame, bits(FrameRight::Read));
        if (read.ok()) read = memory_.map(*own_, copy, kWindow, bits(FrameRight::Read));
        if (read.ok()) std::memcpy(words.data(), kernel_.at(kWindow) + offset, count * sizeof(u64));
        static_cast<void>(kernel_.remove(copy));
        store_.slots.give(copy);
        if (!read.ok()) return read.error();
        return count;
    }

    Spaces& spaces() { return spaces_; }
    MemoryObjects<Kernel>& objects() { return objects_; }
    Mappings<Kernel>& mappings() { return mappings_; }
    Store<Kernel>& store() { return store_; }
    Object& archive() { return *archive_; }
    u64 archive_bytes() const { return archive_bytes_; }

private:
    static constexpr Rights kReadWrite = FrameRight::Read | FrameRight::Write;
    static constexpr u64 kStackBottom = layout::kStackTop - layout::kStackBytes;

    // Registers of devices are not for reading: that can change them.
    Result<Slot> readable_frame(const Space& space, u64 address) const {
        if (address < kStackBottom || address >= layout::kStackTop) return mappings_.frame_at(space, address);
        const Slot frame = space.stack[(address - kStackBottom) >> kPageBits];
        if (frame == Slot::None) return Error::NotMapped;
        return frame;
    }

    Result<Slot> take_badged(Badge badge) {
        EFT_TRY(const Slot slot, store_.take_slots());
        if (Status derived = kernel_.derive(slot, endpoint_, bits(EndpointRight::Send), raw(badge)); !derived.ok()) {
            store_.slots.give(slot);
            return derived.error();
        }
        return slot;
    }
    void give_badged(Slot slot) {
        if (slot == Slot::None) return;
        static_cast<void>(kernel_.revoke(slot));
        static_cast<void>(kernel_.remove(slot));
        store_.slots.give(slot);
    }

    Result<Space*> begin_space(u32 quota) {
        if (quota == 0 || quota > kMaxQuota) return Error::OutOfRange;
        EFT_TRY(Space * space, spaces_.take());
        space->quota = quota;
        const Result<Slot> session = take_badged(badge_of(Kind::Space, space->id));
        if (session.ok()) space->session = *session;
        const Result<Slot> pager = take_badged(badge_of(Kind::Pager, space->id));
        if (pager.ok()) space->pager = *pager;
        if (session.ok() && pager.ok()) return space;
        end_space(*space);
        return session.ok() ? pager.error() : session.error();
    }

    // The blocks first: from then on nothing of the space runs.
    void end_space(Space& space) {
        memory_.release(space);
        if (space.thread != Slot::None) store_.slots.give(space.thread);
        if (space.context != Slot::None) store_.slots.give(space.context);
        mappings_.unmap_all(space);
        objects_.owner_ended(space.id);
        give_badged(space.session);
        give_badged(space.pager);
        if (space.adopted) kernel_.drop(space.space);
        spaces_.give(space);
    }

    Status check(const ImageRequest& request) const {
        constexpr Rights kRead = bits(FrameRight::Read), kReadExecute = FrameRight::Read | FrameRight::Execute;
        if (request.rights != kRead && request.rights != kReadWrite && request.rights != kReadExecute)
            return Error::InvalidArgument;
        if (request.memory_bytes == 0 || request.file_bytes > request.memory_bytes ||
            request.address != page_down(request.address))
            return Error::InvalidArgument;
        if (request.address == 0 || request.address >= kUserTop || request.memory_bytes > kUserTop - request.address)
            return Error::OutOfRange;
        if (request.file_bytes > archive_bytes_ || request.archive_offset > archive_bytes_ - request.file_bytes)
            return Error::OutOfRange;
        return {};
    }

    // Copies from the boot archive into a fresh frame, which is mapped nowhere yet.
    Status fill(Slot frame, u64 archive_offset, u64 bytes) {
        EFT_CHECK(memory_.map(*own_, frame, kWindow, kReadWrite));
        std::memcpy(kernel_.at(kWindow), kernel_.at(kArchiveWindow) + archive_offset, bytes);
        return kernel_.unmap(own_->space, frame);
    }

    Result<Slot> make_in_own_slot(Space& space, ObjectType type) {
        EFT_TRY(const Slot slot, store_.take_slots());
        if (Status made = memory_.make_small(space, type, slot); !made.ok()) {
            store_.slots.give(slot);
            return made.error();
        }
        return slot;
    }

    Status make_replies(Space& space, const ThreadPlan& plan) {
        if (plan.replies == 0) return {};
        EFT_TRY(const Slot run, store_.take_slots(plan.replies));
        Status made = memory_.make_small(space, ObjectType::Reply, run, plan.replies);
        for (u32 i = 0; made.ok() && i < plan.replies; ++i) {
            made =
                kernel_.move_into(plan.table, static_cast<Slot>(plan.first_reply + i), static_cast<Slot>(raw(run) + i));
        }
        if (!made.ok()) static_cast<void>(kernel_.remove(run, plan.replies));
        store_.slots.give(run, plan.replies);
        return made;
    }

    Kernel& kernel_;
    Slot endpoint_;
    Store<Kernel> store_;
    Spaces spaces_;
    SpaceMemory<Kernel> memory_;
    MemoryObjects<Kernel> objects_;
    Mappings<Kernel> mappings_;
    Space* own_ = nullptr;
    Object* archive_ = nullptr;
    u64 archive_bytes_ = 0;
    std::array<Object*, kCoreProcesses.size()> core_logs_{};  // by process id, from 1
};

}  // namespace eft::memory
