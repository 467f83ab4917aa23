# Toolchain of the target tree: Debian's x86_64 cross compiler, which is the native one on an x86_64 host, used without
# its C library and start files. What differs between the kernel and user programs is in EftFlags.cmake.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR x86_64)

set(CMAKE_C_COMPILER x86_64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER x86_64-linux-gnu-g++)
set(CMAKE_ASM_COMPILER x86_64-linux-gnu-gcc)

# There is nothing to link a trial program with.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(EFT_TARGET ON CACHE BOOL "Build what runs on Eft" FORCE)
