# SPDX-License-Identifier: Apache-2.0
# Writes a text file as a C++ string literal.  Run with -P; a compiler must take 64 KiB of a literal.
file(READ "${FROM}" text)
file(WRITE "${TO}" "R\"SCHEMA(${text})SCHEMA\"\n")
