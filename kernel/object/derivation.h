// Operations on capabilities that have effects on their objects: derive, move, delete, revoke.
//
// Deleting the last capability of an object puts it on the kernel's list of dying objects;
// `reap_dying` destroys what is on the list. Destruction deletes the capabilities that an object
// holds, which may put further objects there: no recursion, however long a chain of tables is.
// A CapTable that loses a page is there, too, until what lies in the page is deleted.
//
// What may take long pauses when an interrupt waits (Core::must_pause): it returns false, has left
// everything consistent, and goes on from there when it is called again. In between others may do what
// they like with what is still there, so that it looks again for what to do next and keeps no pointer. A
// dying object's memory is still its own: who reuses memory reaps first (reap_before_reuse).
#pragma once

#include <object/capability.h>

namespace eft::kernel {

// Untyped and page tables have one capability only; Reply is held by one server.
bool derivable(const Capability& source);

// Fills the empty `destination` with a child of `source`, with its badge or range. Rights are masked.
void derive_capability(Capability& source, Capability& destination, Rights mask);
// A new object of this type at `address` gets its first capability, a child of `untyped`.
void install_object(Core& core, Object& object, Capability& destination, Rights rights, Capability& untyped);
// False for one that is going, or through which so many threads wait that it would take too long.
bool movable(Capability& source);
void move_capability(Capability& source, Capability& destination);

// Instructions at most, for Core::must_pause.
constexpr int kDeletionWork = 500, kReapWork = 2000;

// For a capability on which nothing relies, as is so for inner slots of objects that are not in a fault, and whose thread
// does not wait for an answer.
void delete_capability(Core& core, Capability& cap);
// These pause.
[[nodiscard]] bool remove_capability(Core& core, Capability& cap);
[[nodiscard]] bool revoke_capability(Core& core, Capability& cap);
bool reap_dying(Core& core);
// True if there were any. The capabilities that the caller has looked up may be gone: it pauses.
bool reap_before_reuse(Core& core);

}  // namespace eft::kernel
