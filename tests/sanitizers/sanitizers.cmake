# SPDX-License-Identifier: Apache-2.0
# What a build with sanitizers (the presets asan and tsan) adds to every test.  A program that a test starts is watched too, also when
# nobody looks at its stderr and its exit code: each finding goes to a file, and the last test fails if there is one.
set(KDEPS_TEST_PROPERTIES "")
set(KDEPS_TEST_OPTIONS "")
set(KDEPS_TEST_PATIENCE 1)  # what a program may take, times this; within the programs it is tests/support/patience.hpp
if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
  return()
endif()
set(KDEPS_TEST_PATIENCE 4)
# The tests themselves are compiled in a third less time so; what they test, and their servers, stay as they are.
set(KDEPS_TEST_OPTIONS -O0)

set(reports ${PROJECT_BINARY_DIR}/sanitizer-reports)
set(options ${PROJECT_BINARY_DIR}/sanitizer-options)
# Scripts crash on purpose: their process ends of the signal, as it does without sanitizers.
file(WRITE ${options}/kdeps-python-worker "handle_segv=0")

# allocator_may_return_null: what is too large fails as it does without sanitizers.
# use_tls=0: the search for leaks crashes now and then where a library was unloaded that had thread-local data ("Tracer caught signal 11").
set(common "log_path=${reports}/report:log_exe_name=1:allocator_may_return_null=1:include_if_exists=${options}/%b")
string(CONCAT environment
  "ASAN_OPTIONS=${common}:detect_stack_use_after_return=1:check_initialization_order=1:strict_string_checks=1\;"
  "LSAN_OPTIONS=suppressions=${CMAKE_CURRENT_LIST_DIR}/leaks.txt:print_suppressions=0:use_tls=0\;"
  "UBSAN_OPTIONS=log_path=${reports}/report:log_exe_name=1:print_stacktrace=1\;"
  "TSAN_OPTIONS=${common}:suppressions=${CMAKE_CURRENT_LIST_DIR}/races.txt:second_deadlock_stack=1")
set(KDEPS_TEST_PROPERTIES FIXTURES_REQUIRED sanitizer_reports ENVIRONMENT "${environment}")

add_test(NAME sanitizer_reports_clear COMMAND ${CMAKE_COMMAND} -DFOLDER=${reports} -DCLEAR=ON -P ${CMAKE_CURRENT_LIST_DIR}/reports.cmake)
add_test(NAME sanitizer_reports COMMAND ${CMAKE_COMMAND} -DFOLDER=${reports} -P ${CMAKE_CURRENT_LIST_DIR}/reports.cmake)
set_tests_properties(sanitizer_reports_clear PROPERTIES FIXTURES_SETUP sanitizer_reports)
set_tests_properties(sanitizer_reports PROPERTIES FIXTURES_CLEANUP sanitizer_reports)
