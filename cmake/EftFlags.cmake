# Compiler flags of both trees. Components do not repeat them: eft_library, eft_program and the test functions apply
# the tree's flags, and kernel/CMakeLists.txt takes EFT_KERNEL_OPTIONS.

set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(EFT_WARNINGS -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror)

# C++23, in the spelling that GCC 12 and clang 14 (clangd, clang-tidy, the fuzzers) both know.
set(EFT_STANDARD -std=c++2b)

# __FILE__ in messages is relative to the top of the tree, so that images do not depend on where it stands.
set(EFT_COMMON_OPTIONS ${EFT_STANDARD} ${EFT_WARNINGS} -g "-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=")

# The host tree is sanitised, with the exception of what is marked PLAIN: the harness, the tools and doctest's main,
# which would take four times as long to compile. Everything is linked with the sanitisers' runtime, so that a sanitised
# library can go into a PLAIN program. Nothing is optimised, so that it compiles in half the time (and plain code has
# line numbers but no types for the debugger, a quarter of the time where there is JSON): a folder whose tests are
# long sets EFT_SANITISED_LEVEL to -O1. The check of objects' sizes, which knows them only with optimisation,
# would be a sixth of the time that is left; ASan finds the same. Under the sanitisers GCC sees uninitialised values where
# there are none (its manual says so).
set(EFT_PLAIN_OPTIONS ${EFT_COMMON_OPTIONS} -g1 -O0 -fno-omit-frame-pointer)
set(EFT_HOST_OPTIONS ${EFT_COMMON_OPTIONS} -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize=object-size
    -fno-sanitize-recover=all -Wno-maybe-uninitialized)
set(EFT_SANITISED_LEVEL -O0)
set(EFT_HOST_LINK_OPTIONS -fsanitize=address,undefined)

set(EFT_KERNEL_OPTIONS ${EFT_COMMON_OPTIONS} -O2 -ffreestanding -fno-exceptions -fno-rtti -fno-stack-protector
    -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-asynchronous-unwind-tables
    -fno-threadsafe-statics -fno-tree-loop-distribute-patterns -ffunction-sections -fdata-sections)
set(EFT_KERNEL_LINK_OPTIONS -nostdlib -static -no-pie -Wl,--gc-sections -Wl,--build-id=none
    -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack)

# User programs see the hosted headers of libstdc++, but nothing of it is initialised behind their back. Nothing in them is
# aligned with no-ops: that would be a twelfth of their text, and no-ops are executed where code falls through them.
set(EFT_USER_OPTIONS ${EFT_COMMON_OPTIONS} -O2 -fno-align-functions -fno-align-jumps -fno-align-loops -fno-align-labels -fno-exceptions -fno-rtti -fno-stack-protector -fno-pic -fno-pie
    -mgeneral-regs-only -fno-asynchronous-unwind-tables -fno-threadsafe-statics -ffunction-sections -fdata-sections)
set(EFT_USER_LINK_OPTIONS -nostdlib -static -no-pie -Wl,--gc-sections -Wl,--build-id=none
    -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack)
