// What stands in a space's pages: the program's image, zeroed pages on first access, and reading for crash records.
#pragma once

#include "state.h"

#include <span>

namespace eft::memory {

// In mem's own space: pages through which frames are filled and read, and the boot archive.
constexpr u64 kWindow = layout::kObjectBase;
constexpr u64 kSourceWindow = kWindow + kPageSize;
constexpr u64 kArchiveWindow = layout::kObjectBase + 0x10'0000;
// Memory there, where something is mapped.
std::byte* own_memory(u64 address);

struct ImageRequest {
    u64 address;  // a page's
    u64 offset;   // where the contents stand in the archive, or the page of the object
    u64 file_bytes;
    u64 memory_bytes;  // those behind the file's are zero
    Rights rights;     // read, read and write, or read and execute
    const Object* object = nullptr;  // null: the boot archive
};
// InvalidArgument, OutOfRange: of the request's numbers; before anything is mapped. Later errors leave pages behind. After a
// death of mem the same request goes on where it was.
Status load_image(State& state, const Space& space, const ImageRequest& request);

// Pages that come on first access: of the stack, which are known, and of the heap.
bool comes_by_itself(u64 address);
void note_stack_page(const Space& space, u64 address, Slot frame);

// A page fault at `address` with the processor's error code. None: the page is there now. NotFound: no such space.
// OutOfRange: nothing comes there by itself, or not for such an access. OutOfMemory, LimitReached.
Error resolve_fault(State& state, u64 space_id, u64 address, u64 code);

// Words of a space's stack or of an object that it maps, up to the end of the page; how many were read. InvalidArgument:
// `address` is no multiple of 8. NotMapped, PermissionDenied: as mapped_frame() has them.
Result<u32> read_memory(State& state, const Space& space, u64 address, std::span<u64> words);

}  // namespace eft::memory
