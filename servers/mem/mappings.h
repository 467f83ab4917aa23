// Mappings of memory objects into spaces. Each page of a mapping is a frame capability of its own, derived from the
// object's: deleting it is the unmapping.
#pragma once

#include "state.h"

namespace eft::memory {

struct MapRequest {
    u64 offset;  // within the object; this and what follows in bytes, multiples of the page size
    u64 bytes;
    u64 address;
    Rights rights;  // read, or read and write
};

// InvalidArgument, OutOfRange: of the request's numbers. AlreadyMapped: something is there. PermissionDenied: the object
// is read-only. OutOfMemory: the space would map more than its quota. LimitReached: it has too many mappings.
Status map_object(State& state, const Space& space, const Object& object, const MapRequest& request);

// Exactly what map_object() mapped there. NotMapped: nothing, or another range.
// After a death of mem the same request goes on.
Status unmap(State& state, const Space& space, u64 address, u64 bytes);
// In steps: the space is Emptying or Ending.
void unmap_all(State& state, const Space& space);
// What map_object() mapped there, in another address space. NotMapped: nothing.
Status map_again(State& state, const Space& space, u64 address, Rights rights);

// The capability through which the page at `address` is mapped. PermissionDenied: it is a device's, whose registers are
// not for reading: that can change them.
Result<Slot> mapped_frame(State& state, const Space& space, u64 address);

}  // namespace eft::memory
