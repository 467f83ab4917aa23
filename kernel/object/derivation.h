// Operations on capabilities that have effects on their objects: derive, move, delete, revoke.
//
// Deleting the last capability of an object puts it on the core's list of dying objects;
// `bury_dead` destroys what is on the list. Destruction deletes the capabilities that an object
// holds, which may put further objects there: no recursion, however long a chain of tables is.
#pragma once

#include <object/capability.h>

namespace eft::kernel {

// Untyped and page tables have one capability only; Reply is held by one server.
bool derivable(const Capability& source);

// Fills the empty `destination` with a child of `source`. Rights are masked.
void derive_capability(Capability& source, Capability& destination, Rights mask, u64 data);
// A new object of this type at `address` gets its first capability, a child of `untyped`.
void install_object(Core& core, Object& object, Capability& destination, Rights rights, Capability& untyped);
void move_capability(Capability& source, Capability& destination);

void delete_capability(Core& core, Capability& cap);
void revoke_capability(Core& core, Capability& cap);
void bury_dead(Core& core);

}  // namespace eft::kernel
