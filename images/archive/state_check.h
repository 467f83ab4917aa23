// Whether the manifest in a boot archive gives each service the memory that its program's state takes.
//
// A program with a state region says in its file how large it is: libos writes the ELF note (<eft/state_memory.h>). So a
// table, an event or a member that makes the state larger than the manifest's `state_bytes` fails the build, where the
// right number can be said, and not the service when it starts.
#pragma once

#include "newc.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eft::archive {

// What the notes of this program ask for, at most; 0 if there are none, or if this is no ELF file.
std::uint64_t noted_state_bytes(std::string_view program);

// One line for each service that gets too little.
std::vector<std::string> state_complaints(const std::vector<NewcFile>& files);

}  // namespace eft::archive
