// FlatBuffers' own generated code for nested.fbs, which must not meet ours in one file.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reference {

// Verifies a Tree, reads it into the library's objects, and builds it again with the library's builder. The size of what
// is in `to` then; 0: it was not sound.
std::size_t rebuilt(const std::uint8_t* bytes, std::size_t size, std::uint8_t* to, std::size_t room);

}  // namespace reference
