# Finds the components: there are no central lists to edit when one is added.

# All directories that are already part of the build below `directory`.
function(eft_known_directories result directory)
  set(known "${directory}")
  get_property(children DIRECTORY "${directory}" PROPERTY SUBDIRECTORIES)
  foreach(child IN LISTS children)
    eft_known_directories(below "${child}")
    list(APPEND known ${below})
  endforeach()
  set(${result} ${known} PARENT_SCOPE)
endfunction()

# Adds every directory in `folder` that has a CMakeLists.txt, parents first. A parent may have added its children itself.
function(eft_add_folder folder)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${folder}/CMakeLists.txt")
  list(SORT files)
  set(directories)
  foreach(file IN LISTS files)
    cmake_path(GET file PARENT_PATH directory)
    list(APPEND directories "${directory}")
  endforeach()
  list(SORT directories)
  foreach(directory IN LISTS directories)
    eft_known_directories(known "${CMAKE_SOURCE_DIR}")
    if(NOT directory IN_LIST known)
      add_subdirectory("${directory}")
    endif()
  endforeach()
endfunction()

# What can only be done when every component has spoken.
function(eft_finish)
  eft_system_interfaces()
  # eft-system is what `./eft run` boots, and what it is made and booted with; eft-build-tools is what the target tree runs.
  if(EFT_TARGET)
    eft_boot_archive()
    add_custom_target(eft-system DEPENDS kernel.elf boot.archive)
  else()
    add_custom_target(eft-build-tools DEPENDS idlc eft-describe eft-archive eft-manifest-tool)
    add_custom_target(eft-system DEPENDS eft-build-tools eft-run)
  endif()
endfunction()
