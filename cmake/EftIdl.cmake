# From an interface to C++: x.fbs -> flatc -> x.bfbs (binary reflection) -> idlc -> generated/eft/idl/x.h
#
# The host tree builds idlc (idl/compiler) and uses its own; the target tree uses the same program by its path.
find_program(EFT_FLATC flatc REQUIRED)
set(EFT_IDLC "${EFT_HOST_TREE}/idl/compiler/idlc" CACHE FILEPATH "The stub compiler that the target tree runs")

set(EFT_GENERATED "${CMAKE_BINARY_DIR}/generated")

# An interface library whose users can include <eft/idl/x.h> for each x.fbs named, and are built after it is made.
# Each x.fbs is taken to depend on all .fbs files beside it and in idl/, since any of them may be included.
function(eft_idl target)
  cmake_parse_arguments(PARSE_ARGV 1 idl "" "" "FILES;LIBS")
  list(APPEND idl_FILES ${idl_UNPARSED_ARGUMENTS})

  if(EFT_TARGET)
    set(idlc "${EFT_IDLC}")
  else()
    set(idlc "$<TARGET_FILE:idlc>")
    set(idlc_target idlc)
  endif()
  set(headers)
  foreach(file IN LISTS idl_FILES)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    cmake_path(GET file PARENT_PATH directory)
    cmake_path(GET file STEM name)
    file(GLOB included CONFIGURE_DEPENDS "${directory}/*.fbs" "${CMAKE_SOURCE_DIR}/idl/*.fbs")

    set(reflection "${EFT_GENERATED}/bfbs/${name}.bfbs")
    add_custom_command(OUTPUT "${reflection}"
      COMMAND "${EFT_FLATC}" -b --schema --bfbs-comments --bfbs-builtins --bfbs-filenames . --warnings-as-errors
              -I "${CMAKE_SOURCE_DIR}/idl" -o "${EFT_GENERATED}/bfbs" "${file}"
      WORKING_DIRECTORY "${directory}"
      DEPENDS "${file}" ${included}
      COMMENT "Checking ${name}.fbs"
      VERBATIM)

    set(header "${EFT_GENERATED}/eft/idl/${name}.h")
    add_custom_command(OUTPUT "${header}"
      COMMAND "${idlc}" --out "${EFT_GENERATED}/eft/idl" --source "${file}" "${reflection}"
      DEPENDS "${reflection}" "${file}" "${idlc}" ${idlc_target}
      COMMENT "Generating eft/idl/${name}.h"
      VERBATIM)
    list(APPEND headers "${header}")
  endforeach()

  file(MAKE_DIRECTORY "${EFT_GENERATED}/eft/idl" "${EFT_GENERATED}/bfbs")
  add_library(${target} INTERFACE ${headers})
  target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS "${EFT_GENERATED}" FILES ${headers})
  target_link_libraries(${target} INTERFACE ${idl_LIBS})
  add_custom_target(${target}.headers DEPENDS ${headers})
  add_dependencies(${target} ${target}.headers)
endfunction()
