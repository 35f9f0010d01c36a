# SPDX-License-Identifier: Apache-2.0
# Read by CPack before it packs (CPACK_PROJECT_CONFIG_FILE).
if(CPACK_GENERATOR STREQUAL "DEB")
  # Debian's files live in /usr; the unit of systemd and /usr/share/doc follow from it.
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(KDEPS_DEBIAN_FOLDER ${CMAKE_CURRENT_LIST_DIR}/debian)
  set(CPACK_PRE_BUILD_SCRIPTS ${KDEPS_DEBIAN_FOLDER}/finish.cmake)
else()
  # One archive that works wherever it is unpacked: the binary looks for ../lib/kdeps/plugins beside itself.
  list(APPEND CPACK_COMPONENTS_ALL tarball)
  set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
  set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
  set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
endif()
