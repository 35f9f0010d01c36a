# SPDX-License-Identifier: Apache-2.0
# kdeps_add_plugin(<name> ID <reverse.domain.id> SUMMARY <text> SOURCES <files...>
#                  PROVIDES <interface=name[,alias...]>... [VERSION <x.y.z>] [PACKAGE <package>] [ABI <major.minor>]
#                  [LINKS <libraries...>])
#
# Builds lib<target>.so with nothing exported but the entry symbol, and <name>.plugin.json beside it.  The target is named
# kdeps-<name>.  ABI is the oldest host that it wants, by default the one of this SDK; what came later is then not declared.
# PROVIDES example: "kdeps.driver/1=postgres,postgresql".
# In the cache, because the function is called from folders that do not see the variables of this one.
set(KDEPS_PLUGIN_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR} CACHE INTERNAL "")

function(kdeps_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ID;VERSION;SUMMARY;PACKAGE;ABI" "SOURCES;PROVIDES;LINKS")
  foreach(required ID SUMMARY SOURCES PROVIDES)
    if(NOT arg_${required})
      message(FATAL_ERROR "kdeps_add_plugin(${name}): ${required} is missing")
    endif()
  endforeach()
  if(NOT arg_VERSION)
    set(arg_VERSION ${PROJECT_VERSION})
  endif()
  if(NOT arg_PACKAGE)
    set(arg_PACKAGE ${PROJECT_NAME})
  endif()
  if(NOT arg_ABI)
    set(arg_ABI ${KDEPS_ABI_VERSION})
  elseif(NOT arg_ABI MATCHES "^1\\.([0-9]+)$")
    message(FATAL_ERROR "kdeps_add_plugin(${name}): ABI must look like 1.0, not '${arg_ABI}'")
  endif()
  set(target kdeps-${name})

  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE kdeps::sdk ${arg_LINKS})
  string(REGEX REPLACE "^.*\\." "" minor "${arg_ABI}")
  target_compile_definitions(${target} PRIVATE KDEPS_PLUGIN_VERSION="${arg_VERSION}" KDEPS_TARGET_MINOR=${minor})
  set_target_properties(${target} PROPERTIES
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${KDEPS_PLUGIN_CMAKE_DIR}/plugin.map)
  target_link_options(${target} PRIVATE -Wl,--version-script=${KDEPS_PLUGIN_CMAKE_DIR}/plugin.map -Wl,--no-undefined -Wl,--as-needed)
  if(KDEPS_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${KDEPS_PLUGIN_OUTPUT_DIRECTORY})
  endif()

  # The manifest is written after the link, because it holds the checksum of the library.
  add_custom_command(TARGET ${target} POST_BUILD VERBATIM
    COMMAND ${CMAKE_COMMAND}
      "-DLIBRARY=$<TARGET_FILE:${target}>"
      "-DMANIFEST=$<TARGET_FILE_DIR:${target}>/${name}.plugin.json"
      "-DID=${arg_ID}" "-DVERSION=${arg_VERSION}" "-DSUMMARY=${arg_SUMMARY}" "-DPACKAGE=${arg_PACKAGE}" "-DPROVIDES=${arg_PROVIDES}" "-DABI=${arg_ABI}"
      -P ${KDEPS_PLUGIN_CMAKE_DIR}/write_manifest.cmake)
  set_property(TARGET ${target} PROPERTY KDEPS_PACKAGE ${arg_PACKAGE})
  set_property(GLOBAL APPEND PROPERTY KDEPS_PLUGINS ${target})

  if(KDEPS_PLUGIN_INSTALL_DIRECTORY)
    install(TARGETS ${target} LIBRARY DESTINATION ${KDEPS_PLUGIN_INSTALL_DIRECTORY} COMPONENT ${arg_PACKAGE})
    # Not copied: --strip changes the library on its way, and with it the checksum.
    install(CODE "
      get_filename_component(folder [==[${KDEPS_PLUGIN_INSTALL_DIRECTORY}]==] ABSOLUTE BASE_DIR \"\${CMAKE_INSTALL_PREFIX}\")
      set(LIBRARY \"\$ENV{DESTDIR}\${folder}/$<TARGET_FILE_NAME:${target}>\")
      set(MANIFEST \"\$ENV{DESTDIR}\${folder}/${name}.plugin.json\")
      set(ID [==[${arg_ID}]==])
      set(VERSION [==[${arg_VERSION}]==])
      set(SUMMARY [==[${arg_SUMMARY}]==])
      set(PACKAGE [==[${arg_PACKAGE}]==])
      set(PROVIDES [==[${arg_PROVIDES}]==])
      set(ABI [==[${arg_ABI}]==])
      message(STATUS \"Installing: \${MANIFEST}\")
      include([==[${KDEPS_PLUGIN_CMAKE_DIR}/write_manifest.cmake]==])" COMPONENT ${arg_PACKAGE})
  endif()
endfunction()
