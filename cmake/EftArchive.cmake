# Boot archives: cpio "newc", every file's data on a page boundary (images/archive), so that pages can be mapped.
set(EFT_ARCHIVE_TOOL "${EFT_HOST_TREE}/images/archive/eft-archive" CACHE FILEPATH "Packs boot archives")

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
