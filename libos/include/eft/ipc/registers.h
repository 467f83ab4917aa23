// The part of a message that travels in registers, as the stubs and the system calls hand it to each other.
//
// A stub fills it before a call and finds the answer in it afterwards. Word i >= 4 lies in the message page.
#pragma once

#include <eft/abi/message.h>

namespace eft::ipc {

struct Registers {
    u64 badge = 0;  // received: of the capability that the sender used
    Tag tag;
    u64 w[kRegisterWords] = {};
};

}  // namespace eft::ipc
