# What a component's CMakeLists.txt may say:
#
#   eft_library(NAME SOURCES… [INCLUDES…] [LIBS…] [PLAIN] [SMALL] [UNITY])  both trees, with that tree's flags
#   eft_program(NAME SOURCES… [LIBS…] [NO_BOOT] [NO_LIBOS] [BASE address] [SMALL] [UNITY])
#                                                             target tree: an ELF, in the boot archive under its name
#   eft_boot_file(NAME PATH)                                  target tree: another file of the boot archive
#   eft_archive(NAME FILES name=path…)                        target tree: a further archive, NAME.archive
#   eft_debian_source(NAME POOL … FILE … SHA256 … SOURCES …)  both trees: a library from Debian's sources (EftDebianSource.cmake)
#   eft_idl(TARGET FILES x.fbs… [SYSTEM])                     both trees: generated headers <eft/idl/x.h>
#   eft_host_tool(NAME SOURCES… [LIBS…] [INCLUDES…] [PLAIN] [UNITY])  host tree: a program that the build or a person runs
#   eft_host_test(NAME SOURCES… [LIBS…] [INCLUDES…])          host tree: doctest cases, registered with CTest
#   eft_system_test(NAME SOURCES… [LIBS…] [TIMEOUT seconds])  host tree: doctest cases that boot machines
#   eft_fuzzer(NAME SOURCES… [INCLUDES…] …)                  host tree: a libFuzzer program (EftFuzz.cmake)
#   eft_guest_test(NAME PROGRAMS… [TIMEOUT seconds])          both trees: an archive, and the CTest entry that boots it
#
# PLAIN leaves the sanitisers out, for host code that is slow to compile and does not test anything itself.
# SMALL compiles what runs on Eft for size.
# UNITY compiles eight sources at a time, which takes as long as two to four do one by one, because what they include is
# parsed once. So anonymous namespaces of these sources are one. Sanitised libraries are compiled one by one all the same:
# they are what one works on with their tests.
# A function that means nothing in the present tree does nothing there, so most files need no `if(EFT_TARGET)`.
# Targets may be named before they are defined: the order of directories does not matter.
include_guard(GLOBAL)
include(EftFlags)

option(EFT_TARGET "Build what runs on Eft; set by the toolchain file" OFF)

# Both trees are neighbours; what they make together lies above them (boot.archive, disk.img, eft.iso).
cmake_path(GET CMAKE_BINARY_DIR PARENT_PATH EFT_BUILD_ROOT)
set(EFT_HOST_TREE "${EFT_BUILD_ROOT}/host" CACHE PATH "The host build tree, whose tools the target tree runs")
set(EFT_TARGET_TREE "${EFT_BUILD_ROOT}/target" CACHE PATH "The target build tree, whose images the host tree boots")
set(EFT_KERNEL_IMAGE "${EFT_TARGET_TREE}/kernel/kernel.elf")
set(EFT_BOOT_ARCHIVE "${EFT_BUILD_ROOT}/boot.archive")

find_program(EFT_CCACHE ccache)
if(EFT_CCACHE)
  # What was compiled of the same source in another clone is found: the tree's own path is no part of what is compared.
  set(CMAKE_CXX_COMPILER_LAUNCHER env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
    "${EFT_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

if(EFT_TARGET)
  enable_language(ASM)
  set(EFT_USER_ARCH "${CMAKE_SOURCE_DIR}/libos/arch/x86_64")
else()
  set(EFT_USER_ARCH "${CMAKE_SOURCE_DIR}/libos/arch/host")
endif()

include(EftFolders)
include(EftTargets)
include(EftIdl)
include(EftDebianSource)
include(EftArchive)
include(EftTests)
include(EftFuzz)
