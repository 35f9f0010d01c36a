# SPDX-License-Identifier: Apache-2.0
# Writes a text file as C++ string literals.  Run with -P; a compiler must take 64 KiB of a literal, GCC takes more.
file(READ ${FROM} text)
string(LENGTH "${text}" length)
set(out "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 8000 part)
  string(APPEND out "R\"PRELUDE(${part})PRELUDE\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE ${TO} "${out}")
