// Memory objects: frames in blocks of their own, so that an object can outlive its owner while others map it.
//
// An object ends when its owner has let go or ended, no mapping of it is left, and nobody has pinned it. It is charged
// to its owner until then. Capabilities to it are badged copies of mem's endpoint; when it ends they are revoked.
#pragma once

#include "state.h"

namespace eft::memory {

// Zeroed memory, charged to `owner`; contiguous: in one physical piece, and charged up to the next power of two.
// OutOfRange: no bytes, or more than any quota. OutOfMemory: quota or machine. LimitReached: too many objects.
Result<const Object*> create_object(State& state, const Space& owner, u64 bytes, bool contiguous);

// Physical memory that is no ordinary one: a device's, or the boot archive (which is made permanent by whoever asks).
// The same range again is the same object. InvalidArgument: not from a page's start. OutOfRange: mem was given no such
// memory. AlreadyExists: another object has a part of it.
Result<const Object*> device_object(State& state, u64 address, u64 bytes);

// Frames that root has shown, in consecutive slots that stay theirs; permanent.
Result<const Object*> shown_object(State& state, Slot first, u32 pages);

// To be called whenever a reason to keep it is gone. An object that nobody wants is charged to nobody from then on, and its
// memory is given back by end_objects(): right after its last request was answered, because what that request named ends
// with it.
void end_if_unwanted(State& state, const Object& object);
// The owner lets go of it, or has ended: nobody is charged any more then.
void release_object(State& state, const Object& object);
void release_objects_of(State& state, const Space& owner);  // in steps: it is Ending

// In steps.
void end_objects(State& state);

// The pages of an object, in order. next() may be called once for each page from `first` on.
class PageWalk {
public:
    struct Page {
        Slot frame;
        u64 address;  // physical; 0 where mem does not know it
    };
    PageWalk(const State& state, const Object& object, u32 first);
    Page next();

private:
    const State& state_;
    u16 extent_;
    u32 page_;  // of the extent
};

}  // namespace eft::memory
