// The end of a process that has found one of its own invariants broken.
#pragma once

namespace eft {

// Leaves the text as the last words in the persistent page and ends the incarnation as a crash.
[[noreturn]] void panic(const char* text);

}  // namespace eft
