# Libraries, user programs and host tools. The word SOURCES may be left out: what follows the name is a source.

# Headers of the standard library that most files use are parsed once for all; without that they are a third of the time
# that such a file takes to compile. None of Eft's own is among them. A header is compiled for one set of options: plain or
# sanitised on the host, fast or small on Eft.
function(eft_parse_once name)
  file(WRITE "${CMAKE_BINARY_DIR}/${name}.cc" "")
  add_library(${name} OBJECT EXCLUDE_FROM_ALL "${CMAKE_BINARY_DIR}/${name}.cc")
  target_compile_options(${name} PRIVATE ${ARGN})
  set(headers <algorithm> <array> <bit> <concepts> <cstring> <functional> <map> <memory> <optional> <set> <span> <string>
    <string_view> <utility> <vector>)
  if(EFT_TARGET)
    list(APPEND headers <coroutine>)
  else()
    list(APPEND headers <fstream> <iostream> <sstream> <stdexcept>)
  endif()
  target_precompile_headers(${name} PRIVATE ${headers})
endfunction()
if(EFT_TARGET)
  eft_parse_once(eft-parsed-fast ${EFT_USER_OPTIONS})
  eft_parse_once(eft-parsed-small ${EFT_USER_OPTIONS} -Os)
else()
  eft_parse_once(eft-parsed-plain ${EFT_PLAIN_OPTIONS})
  eft_parse_once(eft-parsed-sanitised ${EFT_HOST_OPTIONS} -O0)
endif()

# The ABI headers are for everybody, and so is the machine of user space, <eft/arch/...>; whatever else a target includes
# comes with the libraries that it names. Eft.cmake explains the words that may follow the name.
function(eft_common_settings name)
  cmake_parse_arguments(PARSE_ARGV 1 settings "PLAIN;SMALL;UNITY" "" "")
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/kernel/include" "${EFT_USER_ARCH}")
  if(EFT_TARGET)
    target_compile_options(${name} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${EFT_USER_OPTIONS}>")
    if(settings_SMALL)
      target_compile_options(${name} PRIVATE -Os)
      target_precompile_headers(${name} REUSE_FROM eft-parsed-small)
    else()
      target_precompile_headers(${name} REUSE_FROM eft-parsed-fast)
    endif()
  else()
    if(settings_PLAIN)
      target_compile_options(${name} PRIVATE ${EFT_PLAIN_OPTIONS})
      target_precompile_headers(${name} REUSE_FROM eft-parsed-plain)
    else()
      target_compile_options(${name} PRIVATE ${EFT_HOST_OPTIONS} ${EFT_SANITISED_LEVEL})
      if(EFT_SANITISED_LEVEL STREQUAL "-O0")
        target_precompile_headers(${name} REUSE_FROM eft-parsed-sanitised)
      endif()
    endif()
    target_link_options(${name} PRIVATE ${EFT_HOST_LINK_OPTIONS})
  endif()
  if(settings_UNITY)
    # GCC takes each of the sources for a header, and finds that what includes it twice would have two of the types without
    # a name in it.
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON)
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
  endif()
endfunction()

# Those of the words of which cmake_parse_arguments found that they were given, so that they can be given on.
function(eft_words result prefix)
  set(given)
  foreach(word IN LISTS ARGN)
    if(${prefix}_${word})
      list(APPEND given ${word})
    endif()
  endforeach()
  set(${result} ${given} PARENT_SCOPE)
endfunction()

function(eft_library name)
  cmake_parse_arguments(PARSE_ARGV 1 library "PLAIN;SMALL;UNITY" "" "SOURCES;INCLUDES;LIBS")
  list(APPEND library_SOURCES ${library_UNPARSED_ARGUMENTS})
  if(library_SOURCES)
    add_library(${name} STATIC ${library_SOURCES})
    eft_words(options library PLAIN SMALL)
    if(EFT_TARGET OR library_PLAIN)
      eft_words(options library PLAIN SMALL UNITY)
    endif()
    eft_common_settings(${name} ${options})
    if(NOT EFT_TARGET)
      set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)  # whoever links it builds it
    endif()
    target_include_directories(${name} PUBLIC ${library_INCLUDES})
    target_link_libraries(${name} PUBLIC ${library_LIBS})
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${library_INCLUDES})
    target_link_libraries(${name} INTERFACE ${library_LIBS})
  endif()
endfunction()

# A static ELF at its own addresses (libos/program.ld). The boot archive gets a stripped copy; the one with symbols
# stays beside it for the debugger: <target tree>/boot/NAME and <target tree>/symbols/NAME.
#
# On the host it is a library NAME_on_host, for tests that run several programs in their process (tests/host/system): its
# eft_main() is eft_main_NAME() there.
function(eft_program name)
  cmake_parse_arguments(PARSE_ARGV 1 program "NO_BOOT;NO_LIBOS;SMALL;UNITY" "BASE" "SOURCES;LIBS")
  list(APPEND program_SOURCES ${program_UNPARSED_ARGUMENTS})
  if(NOT EFT_TARGET)
    eft_library(${name}_on_host SOURCES ${program_SOURCES} LIBS ${program_LIBS} libos)
    target_compile_definitions(${name}_on_host PRIVATE eft_main=eft_main_${name})
    return()
  endif()

  add_executable(${name} ${program_SOURCES})
  eft_words(options program SMALL UNITY)
  eft_common_settings(${name} ${options})
  set(script "${CMAKE_SOURCE_DIR}/libos/program.ld")
  if(program_BASE)
    target_link_options(${name} PRIVATE "-Wl,--defsym=image_base=${program_BASE}")  # ahead of the script, which asks for it
  endif()
  target_link_options(${name} PRIVATE ${EFT_USER_LINK_OPTIONS} "-Wl,-T,${script}")
  target_link_libraries(${name} PRIVATE ${program_LIBS})
  if(NOT program_NO_LIBOS)
    target_link_libraries(${name} PRIVATE libos)
  endif()
  target_link_libraries(${name} PRIVATE gcc)
  set_target_properties(${name} PROPERTIES
    LINK_DEPENDS "${script}"
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/symbols")

  set(stripped "${CMAKE_BINARY_DIR}/boot/${name}")
  add_custom_command(OUTPUT "${stripped}"
    COMMAND "${CMAKE_STRIP}" --strip-all -o "${stripped}" "$<TARGET_FILE:${name}>"
    DEPENDS ${name}
    COMMENT "Stripping ${name}"
    VERBATIM)
  add_custom_target(${name}.stripped ALL DEPENDS "${stripped}")
  if(NOT program_NO_BOOT)
    eft_boot_file(${name} "${stripped}")
  endif()
endfunction()

function(eft_host_tool name)
  if(EFT_TARGET)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 tool "PLAIN;UNITY" "" "SOURCES;LIBS;INCLUDES")
  list(APPEND tool_SOURCES ${tool_UNPARSED_ARGUMENTS})
  add_executable(${name} ${tool_SOURCES})
  eft_words(options tool PLAIN UNITY)
  eft_common_settings(${name} ${options})
  target_include_directories(${name} PRIVATE ${tool_INCLUDES})
  target_link_libraries(${name} PRIVATE ${tool_LIBS})
endfunction()
