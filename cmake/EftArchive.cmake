# Boot archives: cpio "newc", every file's data on a page boundary (images/archive), so that pages can be mapped.
set(EFT_ARCHIVE_TOOL "${EFT_HOST_TREE}/images/archive/eft-archive" CACHE FILEPATH "Packs boot archives")

set(EFT_MANIFEST_TOOL "${EFT_HOST_TREE}/images/manifest/eft-manifest" CACHE FILEPATH "Applies a manifest's changes to its base")

# Another file for the boot archive, such as the compiled manifest.
function(eft_boot_file name path)
  set_property(GLOBAL APPEND PROPERTY EFT_BOOT_FILES "${name}=${path}")
endfunction()

# Packs `name=path` pairs, in this order, into `output`.
function(eft_pack target output)
  set(paths)
  foreach(entry IN LISTS ARGN)
    string(REGEX REPLACE "^[^=]*=" "" path "${entry}")
    list(APPEND paths "${path}")
  endforeach()
  add_custom_command(OUTPUT "${output}"
    COMMAND "${EFT_ARCHIVE_TOOL}" --output "${output}" ${ARGN}
    DEPENDS ${paths} "${EFT_ARCHIVE_TOOL}"
    COMMENT "Packing ${output}"
    VERBATIM)
  add_custom_target(${target} ALL DEPENDS "${output}")
endfunction()

function(eft_archive name)
  if(NOT EFT_TARGET)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 archive "" "" "FILES")
  eft_pack(${name}.archive "${CMAKE_BINARY_DIR}/${name}.archive" ${archive_FILES})
endfunction()

# The archive that `./eft run` boots. The kernel starts the first file, so root goes first.
function(eft_boot_archive)
  get_property(files GLOBAL PROPERTY EFT_BOOT_FILES)
  if(NOT files)
    return()
  endif()
  set(first ${files})
  list(FILTER first INCLUDE REGEX "^root=")
  list(FILTER files EXCLUDE REGEX "^root=")
  list(SORT files)
  eft_pack(boot.archive "${EFT_BOOT_ARCHIVE}" ${first} ${files})
endfunction()

# <target tree>/NAME.archive: the archive that `./eft run` boots, with another manifest and further programs. The
# manifest may be the changes to another one (images/manifest/overlay.h).
function(eft_manifest_archive name manifest)
  if(NOT EFT_TARGET)
    return()
  endif()
  set(schema "${CMAKE_SOURCE_DIR}/images/manifest/manifest.fbs")
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${name}")
  get_filename_component(stem "${manifest}" NAME_WE)
  set(compiled "${folder}/${stem}.bin")
  set(whole "${folder}/${stem}.json")
  set(depfile "${folder}/${stem}.d")
  file(MAKE_DIRECTORY "${folder}")
  add_custom_command(OUTPUT "${whole}"
    COMMAND "${EFT_MANIFEST_TOOL}" "${manifest}" "${whole}" "${depfile}"
    DEPENDS "${manifest}" "${EFT_MANIFEST_TOOL}" DEPFILE "${depfile}" VERBATIM)
  add_custom_command(OUTPUT "${compiled}"
    COMMAND "${EFT_FLATC}" -b --strict-json -o "${folder}" "${schema}" "${whole}"
    DEPENDS "${schema}" "${whole}" VERBATIM)
  set(files "manifest=${compiled}")
  set(inputs "${compiled}")
  foreach(program IN LISTS ARGN)
    list(APPEND files "${program}=${CMAKE_BINARY_DIR}/boot/${program}")
    list(APPEND inputs "${CMAKE_BINARY_DIR}/boot/${program}")
  endforeach()
  set(output "${CMAKE_BINARY_DIR}/${name}.archive")
  add_custom_command(OUTPUT "${output}"
    COMMAND "${EFT_ARCHIVE_TOOL}" --output "${output}" --from "${EFT_BOOT_ARCHIVE}" ${files}
    DEPENDS "${EFT_BOOT_ARCHIVE}" ${inputs} "${EFT_ARCHIVE_TOOL}" VERBATIM)
  add_custom_target(${name}.archive ALL DEPENDS "${output}")
endfunction()
