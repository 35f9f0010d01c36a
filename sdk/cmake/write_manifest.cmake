# SPDX-License-Identifier: Apache-2.0
# Writes the manifest of a plugin.  Run with -P by kdeps_add_plugin after the library is linked.
if(NOT ABI)
  message(FATAL_ERROR "ABI, the version that the plugin was built for, is missing. Example: -DABI=1.1")
endif()
set(provides "")
foreach(entry IN LISTS PROVIDES)
  if(NOT entry MATCHES "^([^=]+)=(.+)$")
    message(FATAL_ERROR "PROVIDES wants interface=name[,alias...], not '${entry}'")
  endif()
  set(interface ${CMAKE_MATCH_1})
  string(REPLACE "," "\", \"" names "${CMAKE_MATCH_2}")
  list(APPEND provides "    {\"interface\": \"${interface}\", \"names\": [\"${names}\"]}")
endforeach()
list(JOIN provides ",\n" provides)
file(SHA256 ${LIBRARY} sha256)
get_filename_component(library ${LIBRARY} NAME)
file(WRITE ${MANIFEST} "{
  \"id\": \"${ID}\",
  \"version\": \"${VERSION}\",
  \"summary\": \"${SUMMARY}\",
  \"abi\": \"${ABI}\",
  \"library\": \"${library}\",
  \"package\": \"${PACKAGE}\",
  \"provides\": [
${provides}
  ],
  \"sha256\": \"${sha256}\"
}
")
