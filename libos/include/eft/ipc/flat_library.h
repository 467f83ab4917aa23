// The part of the FlatBuffers library that Eft uses: the vtable look-up and the verifier. It is made for programs with
// a C library; what of that is missing here is not reached.
#pragma once

#include <eft/abi/types.h>

#include <string_view>
#include <type_traits>

#ifndef FLATBUFFERS_ASSERT
#define FLATBUFFERS_ASSERT(condition) ((condition) ? static_cast<void>(0) : __builtin_trap())
#endif
#include <flatbuffers/table.h>

namespace eft::ipc::flat {

inline const flatbuffers::Table& table(const u8* at) { return *reinterpret_cast<const flatbuffers::Table*>(at); }

template <class T>
T read(const u8* at) {
    T value;
    __builtin_memcpy(static_cast<void*>(&value), at, sizeof(T));
    return value;
}

// A string or a table, of which a view is made.
template <class Element>
Element element(const u8* at) {
    if constexpr (std::is_same_v<Element, std::string_view>)
        return {reinterpret_cast<const char*>(at + sizeof(u32)), read<u32>(at)};
    else
        return Element(at);
}

}  // namespace eft::ipc::flat
