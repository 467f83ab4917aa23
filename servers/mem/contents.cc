#include "contents.h"

#include "effects.h"
#include "mappings.h"
#include "objects.h"
#include "space_memory.h"

#include <algorithm>
#include <cstring>

namespace eft::memory {
namespace {

const Space& own_space(State& state) { return *state.spaces.find(state.own_space); }

Status check(const State& state, const ImageRequest& request) {
    constexpr Rights kReadExecute = FrameRight::Read | FrameRight::Execute;
    if (request.rights != kReadOnly && request.rights != kReadWrite && request.rights != kReadExecute) return Error::InvalidArgument;
    if (request.memory_bytes == 0 || request.file_bytes > request.memory_bytes || request.address != page_down(request.address))
        return Error::InvalidArgument;
    if (request.address == 0 || request.address >= kUserTop || request.memory_bytes > kUserTop - request.address)
        return Error::OutOfRange;
    if (request.object && (request.object->device || request.offset % kPageSize != 0)) return Error::InvalidArgument;
    const u64 source_bytes = request.object ? u64{request.object->pages} * kPageSize : state.archive_bytes;
    if (request.file_bytes > source_bytes || request.offset > source_bytes - request.file_bytes) return Error::OutOfRange;
    return {};
}

// From a frame that may be mapped anywhere, through a capability of mem's own.
Status copy_from(State& state, Slot frame, u64 offset, std::span<std::byte> to) {
    EFT_TRY(const Slot copy, take_slots(state));
    Status read = effects::copy_frame(copy, frame, kReadOnly);
    if (read.ok()) read = map_frame(state, own_space(state), copy, kSourceWindow, kReadOnly);
    if (read.ok()) std::memcpy(to.data(), own_memory(kSourceWindow) + offset, to.size());
    effects::remove(copy);
    state.slots.give(copy);
    return read;
}

// Copies the page of the image that begins `done` bytes behind its start into a fresh frame, which is mapped nowhere yet.
Status fill(State& state, Slot frame, const ImageRequest& request, u64 done) {
    const Space& own = own_space(state);
    EFT_CHECK(map_frame(state, own, frame, kWindow, kReadWrite));
    const u64 at = request.offset + done, bytes = std::min(request.file_bytes - done, kPageSize);
    if (request.object) {
        PageWalk source(state, *request.object, static_cast<u32>(at >> kPageBits));
        EFT_CHECK(copy_from(state, source.next().frame, 0, {own_memory(kWindow), bytes}));
    } else {
        std::memcpy(own_memory(kWindow), own_memory(kArchiveWindow) + at, bytes);
    }
    return effects::unmap(own.space, frame);
}

bool in_stack(u64 address) { return address >= kStackBottom && address < layout::kStackTop; }
u64 stack_page(u64 address) { return (address - kStackBottom) >> kPageBits; }

// A new incarnation's address space has it when it is first needed, through the capabilities that there are.
Status show_archive(State& state) {
    if (state.archive_shown) return {};
    const Space& own = own_space(state);
    EFT_CHECK(map_again(state, own, kArchiveWindow, kReadOnly));
    set_at_once(state.archive_shown, true);
    return {};
}

// A fresh frame, which does not count yet.
Result<Slot> new_frame(State& state, const Space& space) {
    if (!has_page(state, space)) {
        const auto grown = grow(state, space);
        checkpoint();
        if (!grown.ok()) return grown.error();
    }
    return make_page(state, space, ObjectType::Frame);
}

// It counts when it is mapped. Nothing of that is undone: a mapped page stays, counted or not (count_left_pages), and the
// usual case notes nothing. `progress`: another page of an image.
Status map_new_frame(State& state, const Space& space, Slot frame, u64 address, Rights rights, const u64* progress = nullptr) {
    const Extent& extent = state.extents[space.pages.tail];
    Status mapped = effects::map(space.space, frame, address, rights, 0);
    const bool needs_table = mapped.error() == Error::NeedMemory;
    if (needs_table) [[unlikely]] {
        count_page(state, space);
        mapped = map_with_tables(state, space, frame, address, rights, 0);
    }
    if (mapped.ok() && progress) set_at_once(*progress, *progress + kPageSize);
    if (mapped.ok() && !needs_table) set_at_once(extent.used, extent.used + 1);
    return mapped;
}

Status load_page(State& state, const Space& space, const ImageRequest& request, u64 done) {
    EFT_TRY(const Slot frame, new_frame(state, space));
    if (done < request.file_bytes) EFT_CHECK(fill(state, frame, request, done));
    if (request.rights & bits(FrameRight::Execute)) EFT_CHECK(effects::seal(frame));
    const Status mapped = map_new_frame(state, space, frame, request.address + done, request.rights, &space.image_done);
    if (mapped.ok()) note_stack_page(space, request.address + done, frame);
    return mapped;
}

// The kernel sends a fault again whose answer it did not get.
Status bring_page(State& state, const Space& space, u64 page) {
    EFT_TRY(const Slot frame, new_frame(state, space));
    const Status mapped = map_new_frame(state, space, frame, page, kReadWrite);
    if (mapped.ok()) note_stack_page(space, page, frame);
    checkpoint();
    return mapped;
}

Result<Slot> readable_frame(State& state, const Space& space, u64 address) {
    if (!in_stack(address)) return mapped_frame(state, space, address);
    const Slot frame = space.stack[stack_page(address)];
    if (frame == Slot::None) return Error::NotMapped;
    return frame;
}

}  // namespace

bool comes_by_itself(u64 address) { return in_stack(address) || (address >= layout::kHeapBase && address < layout::kHeapLimit); }

void note_stack_page(const Space& space, u64 address, Slot frame) {
    if (in_stack(address)) set_at_once(space.stack[stack_page(address)], frame);
}

Status load_image(State& state, const Space& space, const ImageRequest& request) {
    EFT_CHECK(check(state, request));
    if (!request.object) EFT_CHECK(show_archive(state));
    if (space.image != request.address) {
        set(space.image, request.address);
        set(space.image_done, 0);
        checkpoint();
    }
    Status loaded;
    while (loaded.ok() && space.image_done < request.memory_bytes) {
        loaded = load_page(state, space, request, space.image_done);
        checkpoint();
    }
    set(space.image, 0);
    return loaded;
}

Error resolve_fault(State& state, u64 space_id, u64 address, u64 code) {
    const Space* space = state.spaces.find(space_id);
    if (!space) return Error::NotFound;
    if (code & (static_cast<u64>(FaultBit::Present) | static_cast<u64>(FaultBit::Fetch))) return Error::OutOfRange;
    if (!comes_by_itself(address)) return Error::OutOfRange;
    const Status mapped = bring_page(state, *space, page_down(address));
    if (mapped.error() == Error::AlreadyMapped) return Error::None;
    if (!mapped.ok()) set(space->exhausted, true);
    return mapped.error();
}

Result<u32> read_memory(State& state, const Space& space, u64 address, std::span<u64> words) {
    if (address % sizeof(u64) != 0) return Error::InvalidArgument;
    EFT_TRY(const Slot frame, readable_frame(state, space, address));
    const u64 offset = address & (kPageSize - 1);
    const auto count = static_cast<u32>(std::min<u64>(words.size(), (kPageSize - offset) / sizeof(u64)));
    EFT_CHECK(copy_from(state, frame, offset, std::as_writable_bytes(words.first(count))));
    return count;
}

}  // namespace eft::memory
