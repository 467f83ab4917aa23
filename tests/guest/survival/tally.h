// What a client of the survival test has seen; lies in its state memory.
#pragma once

#include <eft/abi/types.h>

namespace eft::survival {

struct Tally {
    u64 asked;
    u64 answered;   // with success, each exactly once
    u64 given_up;   // ServiceFailed: in progress at two deaths, nothing has happened
    u64 wrong;      // another answer than asked for, or another error
    u32 last_error;
    u32 stop;     // written by the test: finish the present request and rest
    u32 resting;  // by the client
};

}  // namespace eft::survival
