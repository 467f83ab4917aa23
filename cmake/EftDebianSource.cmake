# Code of others that runs inside Eft: built from the sources of a Debian package, of which nothing is committed.
#
#   eft_debian_source(NAME POOL pool/main/l/lwip FILE lwip_2.1.3+dfsg1.orig.tar.xz SHA256 … SOURCES src/core/init.c …
#                     [INCLUDES src/include] [SETTINGS folder])
#
# makes the library NAME in both trees. The archive, of just this hash, is fetched by the build, once for both trees, and
# unpacked in <build>/source/NAME. SETTINGS is a folder of ours with the headers that configure it.
function(eft_debian_source name)
  cmake_parse_arguments(PARSE_ARGV 1 source "" "POOL;FILE;SHA256;SETTINGS" "SOURCES;INCLUDES")
  set(folder "${EFT_BUILD_ROOT}/source/${name}")
  list(TRANSFORM source_SOURCES PREPEND "${folder}/")
  list(TRANSFORM source_INCLUDES PREPEND "${folder}/")

  set(fetched "${CMAKE_BINARY_DIR}/${name}-${source_SHA256}")
  add_custom_command(OUTPUT "${fetched}"
    BYPRODUCTS ${source_SOURCES}
    COMMAND flock "${EFT_BUILD_ROOT}" "${CMAKE_SOURCE_DIR}/cmake/debian-source" "${folder}" "${source_POOL}" "${source_FILE}" "${source_SHA256}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${fetched}"
    DEPENDS "${CMAKE_SOURCE_DIR}/cmake/debian-source"
    COMMENT "Fetching the sources of ${name}: ${source_FILE}"
    VERBATIM)
  add_custom_target(${name}-source DEPENDS "${fetched}")

  add_library(${name} STATIC EXCLUDE_FROM_ALL ${source_SOURCES})
  add_dependencies(${name} ${name}-source)
  target_include_directories(${name} SYSTEM PUBLIC ${source_INCLUDES} ${source_SETTINGS})
  if(EFT_TARGET)
    set(options ${EFT_USER_OPTIONS})
  else()
    set(options ${EFT_HOST_OPTIONS} -fno-sanitize=undefined -O1)  # others' code shifts as it likes
  endif()
  # Neither the language nor the warnings are ours to choose.
  list(REMOVE_ITEM options ${EFT_STANDARD} ${EFT_WARNINGS} -fno-rtti -fno-threadsafe-statics)
  target_compile_options(${name} PRIVATE ${options})
endfunction()
