// The head of every kernel object that has memory of its own.
#pragma once

#include <eft/abi/object.h>

namespace eft::kernel {

struct Object {
    explicit Object(ObjectType object_type) : type(object_type) {}

    ObjectType type;
    bool dying = false;       // in the list of objects whose destructor has not ended yet
    u32 capabilities = 0;     // slots that name this object; the last one to go destroys it
    Object* next_dying = nullptr;
};
static_assert(sizeof(Object) == 16);

}  // namespace eft::kernel
