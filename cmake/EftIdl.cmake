# From an interface to C++: x.fbs -> flatc -> x.bfbs (binary reflection) -> idlc -> generated/eft/idl/x.h
#
# The host tree builds idlc (idl/compiler) and uses its own; the target tree uses the same program by its path.
find_program(EFT_FLATC flatc REQUIRED)
set(EFT_IDLC "${EFT_HOST_TREE}/idl/compiler/idlc" CACHE FILEPATH "The stub compiler that the target tree runs")

set(EFT_DESCRIBE "${EFT_HOST_TREE}/idl/descriptor/eft-describe" CACHE FILEPATH "Packs interface descriptors")

set(EFT_GENERATED "${CMAKE_BINARY_DIR}/generated")
# Of all interfaces of the system; the target that makes it is eft-interfaces.
set(EFT_INTERFACES "${EFT_GENERATED}/interfaces/all")

# Appends the line of <eft/idl/interfaces.h> for each service that a schema defines.
function(eft_list_interfaces file lines)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  file(STRINGS "${file}" declarations REGEX "^(namespace|rpc_service) ")
  foreach(declaration IN LISTS declarations)
    if(declaration MATCHES "^namespace ([a-z0-9_.]+)")
      string(REPLACE "." "::" scope "${CMAKE_MATCH_1}")
    elseif(declaration MATCHES "^rpc_service ([A-Za-z0-9_]+)")
      set(service "${scope}::${CMAKE_MATCH_1}")
      string(APPEND ${lines} "    {${service}::kName, ${service}::kInterfaceId, ${service}::kMethods},\n")
    endif()
  endforeach()
  set(${lines} "${${lines}}" PARENT_SCOPE)
endfunction()

# An interface library whose users can include <eft/idl/x.h> for each x.fbs named, and are built after it is made.
# SYSTEM interfaces are described in the boot archive's file `interfaces`, which `rpc` at the prompt reads.
# With LIST y, <eft/idl/y.h> has a table of the interfaces. Each x.fbs is taken to depend on all .fbs files beside it and in idl/, since any of them may be included.
function(eft_idl target)
  cmake_parse_arguments(PARSE_ARGV 1 idl "SYSTEM" "LIST" "FILES;LIBS")
  list(APPEND idl_FILES ${idl_UNPARSED_ARGUMENTS})

  if(EFT_TARGET)
    set(idlc "${EFT_IDLC}")
  else()
    set(idlc "$<TARGET_FILE:idlc>")
    set(idlc_target idlc)
  endif()
  set(headers)
  set(interfaces)
  set(includes)
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
    set(descriptor "${EFT_GENERATED}/interfaces/${name}.descriptor")
    add_custom_command(OUTPUT "${header}" "${descriptor}"
      COMMAND "${idlc}" --out "${EFT_GENERATED}/eft/idl" --source "${file}" --descriptor "${descriptor}" "${reflection}"
      DEPENDS "${reflection}" "${file}" "${idlc}" ${idlc_target}
      COMMENT "Generating eft/idl/${name}.h"
      VERBATIM)
    list(APPEND headers "${header}")
    if(idl_SYSTEM)
      set_property(GLOBAL APPEND PROPERTY EFT_DESCRIPTORS "${descriptor}")
    endif()
    string(APPEND includes "#include <eft/idl/${name}.h>\n")
    eft_list_interfaces("${file}" interfaces)
  endforeach()

  file(MAKE_DIRECTORY "${EFT_GENERATED}/eft/idl" "${EFT_GENERATED}/bfbs" "${EFT_GENERATED}/interfaces")
  if(idl_LIST)
    file(CONFIGURE OUTPUT "${EFT_GENERATED}/eft/idl/${idl_LIST}.h" @ONLY CONTENT
"// All interfaces, for people's tools.
#pragma once

@includes@
namespace eft {

inline constexpr ipc::InterfaceInfo kInterfaces[] = {
@interfaces@};

}  // namespace eft
")
  endif()
  add_library(${target} INTERFACE ${headers})
  target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS "${EFT_GENERATED}" FILES ${headers})
  target_link_libraries(${target} INTERFACE ${idl_LIBS})
  add_custom_target(${target}.headers DEPENDS ${headers})
  add_dependencies(${target} ${target}.headers)
endfunction()

# Packs interface descriptors into `output`.
function(eft_pack_descriptors target output)
  if(EFT_TARGET)
    set(tool "${EFT_DESCRIBE}")
  else()
    set(tool "$<TARGET_FILE:eft-describe>")
    set(tool_target eft-describe)
  endif()
  add_custom_command(OUTPUT "${output}"
    COMMAND "${tool}" "${output}" ${ARGN}
    DEPENDS ${ARGN} "${tool}" ${tool_target}
    COMMENT "Packing interface descriptors"
    VERBATIM)
  add_custom_target(${target} DEPENDS "${output}")
endfunction()

# The descriptors of the system's interfaces, when all components have spoken.
function(eft_system_interfaces)
  get_property(descriptors GLOBAL PROPERTY EFT_DESCRIPTORS)
  eft_pack_descriptors(eft-interfaces "${EFT_INTERFACES}" ${descriptors})
  eft_boot_file(interfaces "${EFT_INTERFACES}")
endfunction()
