# SPDX-License-Identifier: Apache-2.0
# Writes text files as a C++ table {name, text}.  Run with -P; FILES is relative to FOLDER.
set(out "")
foreach(file IN LISTS FILES)
  file(READ "${FOLDER}/${file}" text)
  string(APPEND out "{\"${file}\", R\"TEMPLATE(${text})TEMPLATE\"},\n")
endforeach()
file(WRITE "${TO}" "${out}")
