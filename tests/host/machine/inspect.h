// What tests of programs that manage memory ask the machine, in such a program's thread.
#pragma once

#include <eft/abi/error.h>
#include <eft/abi/object.h>

#include <cstddef>
#include <functional>
#include <optional>

namespace eft::host {

struct MappedPage {
    Rights rights = 0;
    std::byte* bytes = nullptr;  // as the direct map has them
};
// What an AddressSpace, a capability of the running program's, maps at this address.
std::optional<MappedPage> look_up(Slot space, u64 address);

// Answers invocations in the kernel's place, where it has an error for them.
inline std::function<Error(Invocation)> refusal;

}  // namespace eft::host
