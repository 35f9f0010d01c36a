# SPDX-License-Identifier: Apache-2.0
# The packages, for CPack: cpack -G DEB gives one .deb per component, cpack -G TGZ one archive of all.
# The packages' Debian changelog names the same.
set(KDEPS_MAINTAINER "kdeps maintainers <maintainers@kdeps.example>" CACHE STRING "Maintainer of the packages, as Debian writes it")

set(CPACK_PACKAGE_NAME kdeps)
set(CPACK_PACKAGE_VENDOR kdeps)
set(CPACK_PACKAGE_CONTACT ${KDEPS_MAINTAINER})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 2)
set(CPACK_COMPONENTS_ALL ${KDEPS_PACKAGES})
# What differs by generator, and what Debian wants beside the files of a component.
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/generator.cmake)


set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_PACKAGE_SOURCE kdeps)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

# A plugin asks for a host that speaks its ABI, not for a version of the host: both change on their own.
file(STRINGS ${PROJECT_SOURCE_DIR}/sdk/include/kdeps/types.h abi REGEX "^#define KDEPS_ABI_(MAJOR|MINOR) [0-9]+$")
string(REGEX REPLACE "[^;0-9]+" "" abi "${abi}")
list(GET abi 0 abi_major)
list(JOIN abi "." abi)
set(speaks "kdeps-abi-${abi_major} (= ${abi})")
set(needs_host "kdeps-abi-${abi_major} (>= ${abi})")

# kdeps_package(<component> SUMMARY <line> DESCRIPTION <text> [DEPENDS ...] [RECOMMENDS ...] [SUGGESTS ...] [PROVIDES ...])
# Libraries are added to DEPENDS by dpkg-shlibdeps, from what the files of the component are linked with.
function(kdeps_package component)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SUMMARY;DESCRIPTION;SECTION;ARCHITECTURE" "DEPENDS;RECOMMENDS;SUGGESTS;PROVIDES;CONTROL")
  string(TOUPPER ${component} key)
  set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${component} PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_DESCRIPTION "${arg_SUMMARY}\n${arg_DESCRIPTION}" PARENT_SCOPE)
  foreach(field DEPENDS RECOMMENDS SUGGESTS PROVIDES)
    list(JOIN arg_${field} ", " text)
    set(CPACK_DEBIAN_${key}_PACKAGE_${field} "${text}" PARENT_SCOPE)
  endforeach()
  set(CPACK_DEBIAN_${key}_PACKAGE_CONTROL_EXTRA "${arg_CONTROL}" PARENT_SCOPE)
  if(arg_SECTION)
    set(CPACK_DEBIAN_${key}_PACKAGE_SECTION ${arg_SECTION} PARENT_SCOPE)
  endif()
  if(arg_ARCHITECTURE)
    set(CPACK_DEBIAN_${key}_PACKAGE_ARCHITECTURE ${arg_ARCHITECTURE} PARENT_SCOPE)
    set(CPACK_DEBIAN_${key}_PACKAGE_SHLIBDEPS OFF PARENT_SCOPE)
  endif()
endfunction()

kdeps_package(kdeps
  SUMMARY "workflows in YAML over several databases"
  DESCRIPTION "kdeps runs workflows that are declared in YAML and query several databases
at once. It serves them as an HTTP API, or runs them once on the command
line. Independent queries run side by side, and values reach SQL as bound
parameters only.
.
This package holds the host, the executors sql and apiResponse, and a
hardened service. Each database needs the package of its driver:
kdeps-driver-sqlite, -postgres, -mysql or -sqlserver."
  PROVIDES ${speaks}
  DEPENDS tzdata
  RECOMMENDS kdeps-driver-sqlite
  SUGGESTS kdeps-driver-postgres kdeps-driver-mysql kdeps-driver-sqlserver kdeps-executor-python kdeps-sdk-dev
  CONTROL ${CMAKE_CURRENT_LIST_DIR}/debian/postinst ${CMAKE_CURRENT_LIST_DIR}/debian/prerm ${CMAKE_CURRENT_LIST_DIR}/debian/postrm)
foreach(driver "sqlite|SQLite|sqlite:" "postgres|PostgreSQL|postgres: and postgresql:" "mysql|MariaDB and MySQL|mysql: and mariadb:"
               "sqlserver|Microsoft SQL Server|sqlserver: and mssql:")
  string(REPLACE "|" ";" driver "${driver}")
  list(GET driver 0 name)
  list(GET driver 1 database)
  list(GET driver 2 schemes)
  kdeps_package(kdeps-driver-${name}
    SUMMARY "driver for ${database} in kdeps workflows"
    DESCRIPTION "kdeps runs workflows that are declared in YAML and query several databases
at once.
.
This package holds the driver for connections whose URL begins with
${schemes}.
The host loads it when a workflow names such a connection."
    DEPENDS ${needs_host})
endforeach()
kdeps_package(kdeps-executor-python
  SUMMARY "Python scripts in kdeps workflows"
  DESCRIPTION "kdeps runs workflows that are declared in YAML and query several databases
at once.
.
This package holds the executor python. Scripts run in warm interpreters,
outside the host; they receive query results as Arrow tables. A workflow that
lists packages of its own needs python3-venv."
  DEPENDS ${needs_host} python3
  RECOMMENDS python3-venv
  SUGGESTS python3-pandas)
kdeps_package(kdeps-sdk-dev
  SUMMARY "SDK for plugins of kdeps in C and C++"
  DESCRIPTION "kdeps runs workflows that are declared in YAML and query several databases
at once. Its executors and drivers are shared libraries behind a C ABI.
.
This package holds the headers of that ABI, their C++20 convenience, and the
CMake package kdeps-sdk, with which plugins are built."
  SECTION libdevel
  ARCHITECTURE all
  SUGGESTS cmake)

include(CPack)
