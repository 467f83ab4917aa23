# eft_fuzzer(NAME SOURCES… [INCLUDES…] [SYSTEM_INCLUDES…] [OPTIONS…] [DEPENDS…]): a program for libFuzzer, under ASan and
# UBSan, as the target NAME and the file EFT_FUZZER, whose dashes are underscores. OPTIONS are for compiling, DEPENDS is
# what makes headers. Only clang has libFuzzer: without it EFT_CLANGXX is empty, and callers leave their tests out.
#
# clang compiles what the tree's own compiler does not, so these are commands and no CMake targets.
if(NOT EFT_TARGET)
  find_program(EFT_CLANGXX NAMES clang++ clang++-14)
endif()

function(eft_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 fuzzer "" "" "SOURCES;INCLUDES;SYSTEM_INCLUDES;OPTIONS;DEPENDS")
  list(TRANSFORM fuzzer_INCLUDES PREPEND -I)
  foreach(folder IN LISTS fuzzer_SYSTEM_INCLUDES)
    list(APPEND fuzzer_INCLUDES -isystem "${folder}")
  endforeach()
  set(objects)
  foreach(source IN LISTS fuzzer_SOURCES)
    cmake_path(ABSOLUTE_PATH source)
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE short)
    string(MAKE_C_IDENTIFIER "${short}" object)
    set(object "${CMAKE_CURRENT_BINARY_DIR}/${name}.dir/${object}.o")
    add_custom_command(OUTPUT "${object}"
      COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} "${EFT_CLANGXX}" ${EFT_STANDARD} -g1 -O1 -fsanitize=fuzzer-no-link,address,undefined
        -fno-sanitize-recover=all ${fuzzer_OPTIONS} ${fuzzer_INCLUDES} -MD -MF "${object}.d" -c "${source}" -o "${object}"
      DEPENDS "${source}" ${fuzzer_DEPENDS}
      DEPFILE "${object}.d"
      COMMENT "Compiling ${short} for ${name}"
      VERBATIM)
    list(APPEND objects "${object}")
  endforeach()
  file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/${name}.dir")
  string(REPLACE "-" "_" program "${name}")
  set(program "${CMAKE_CURRENT_BINARY_DIR}/${program}")
  add_custom_command(OUTPUT "${program}"
    COMMAND "${EFT_CLANGXX}" -fsanitize=fuzzer,address,undefined ${objects} -o "${program}"
    DEPENDS ${objects}
    COMMENT "Linking ${name}"
    VERBATIM)
  add_custom_target(${name} DEPENDS "${program}")
  set(EFT_FUZZER "${program}" PARENT_SCOPE)
endfunction()
