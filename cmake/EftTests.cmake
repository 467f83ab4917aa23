# Tests, all run by CTest in the host tree.
#
# Host tests run beside each other. Tests that boot machines take the resource `machine`, so that
# one QEMU has a core, and have the label `machine`.
if(NOT EFT_TARGET)
  find_path(EFT_DOCTEST_INCLUDE doctest/doctest.h REQUIRED)
  # doctest's main is compiled once, not for every test.
  add_library(eft-doctest-main STATIC "${CMAKE_SOURCE_DIR}/tests/host/doctest_main.cc")
  target_include_directories(eft-doctest-main PUBLIC "${EFT_DOCTEST_INCLUDE}")
  eft_common_settings(eft-doctest-main PLAIN)
  set_target_properties(eft-doctest-main PROPERTIES EXCLUDE_FROM_ALL TRUE)
  # Tests take most of the compile time and are no part of a build that only runs the system: `./eft test` makes them.
  add_custom_target(eft-tests)
endif()

set(EFT_TEST_ENVIRONMENT "ASAN_OPTIONS=detect_stack_use_after_return=1" "UBSAN_OPTIONS=print_stacktrace=1")

function(eft_host_test name)
  if(EFT_TARGET)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 test "PLAIN" "TIMEOUT" "SOURCES;LIBS;INCLUDES")
  list(APPEND test_SOURCES ${test_UNPARSED_ARGUMENTS})
  if(NOT test_TIMEOUT)
    set(test_TIMEOUT 120)
  endif()
  set(plain)
  if(test_PLAIN)
    set(plain PLAIN)
  endif()
  eft_host_tool(${name} ${plain} SOURCES ${test_SOURCES} LIBS ${test_LIBS} eft-doctest-main eft-test-support INCLUDES ${test_INCLUDES})
  set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)
  add_dependencies(eft-tests ${name})
  add_test(NAME ${name} COMMAND ${name})
  # Those that may take longest begin first, so that at the end no core waits for one of them.
  set_tests_properties(${name} PROPERTIES TIMEOUT ${test_TIMEOUT} COST ${test_TIMEOUT} ENVIRONMENT "${EFT_TEST_ENVIRONMENT}")
endfunction()

# Cases that use eft::qemu::Machine (tools/qemu). They find what to boot in EFT_KERNEL_IMAGE and EFT_BOOT_ARCHIVE.
function(eft_system_test name)
  if(EFT_TARGET)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 test "" "TIMEOUT" "SOURCES;LIBS;INCLUDES")
  list(APPEND test_SOURCES ${test_UNPARSED_ARGUMENTS})
  if(NOT test_TIMEOUT)
    set(test_TIMEOUT 300)
  endif()
  eft_host_test(${name} PLAIN SOURCES ${test_SOURCES} LIBS ${test_LIBS} eft-qemu INCLUDES ${test_INCLUDES}
    TIMEOUT ${test_TIMEOUT})
  set_tests_properties(${name} PROPERTIES RESOURCE_LOCK machine LABELS machine)
endfunction()

# Programs of the target tree that test from inside the system. The first of PROGRAMS is packed as `root`, the one that
# the kernel starts; the others go beside it under their names. All are eft_programs, as a rule with NO_BOOT.
function(eft_guest_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "TIMEOUT" "PROGRAMS;QEMU")
  list(APPEND test_PROGRAMS ${test_UNPARSED_ARGUMENTS})
  if(NOT test_TIMEOUT)
    set(test_TIMEOUT 120)
  endif()
  if(EFT_TARGET)
    list(POP_FRONT test_PROGRAMS first)
    set(files "root=${CMAKE_BINARY_DIR}/boot/${first}")
    foreach(program IN LISTS test_PROGRAMS)
      list(APPEND files "${program}=${CMAKE_BINARY_DIR}/boot/${program}")
    endforeach()
    eft_archive(${name} FILES ${files})
  else()
    add_test(NAME ${name}
      COMMAND eft-guest-test --kernel "${EFT_KERNEL_IMAGE}" --archive "${EFT_TARGET_TREE}/${name}.archive"
              --timeout ${test_TIMEOUT} -- ${test_QEMU})
    math(EXPR backstop "${test_TIMEOUT} + 30")
    set_tests_properties(${name} PROPERTIES TIMEOUT ${backstop} COST ${backstop} RESOURCE_LOCK machine LABELS machine)
  endif()
endfunction()
