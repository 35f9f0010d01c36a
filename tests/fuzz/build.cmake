# SPDX-License-Identifier: Apache-2.0
# Builds the fuzzers with clang in a build folder of their own.  Run with -P by the test fuzz_build.
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${FOLDER} -G Ninja -DCMAKE_BUILD_TYPE=None
  -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_C_COMPILER=${C} "-DCMAKE_CXX_FLAGS=${FLAGS}" "-DCMAKE_C_FLAGS=${FLAGS}" -DKDEPS_BUILD_FUZZERS=ON
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${FOLDER} --target ${TARGETS} COMMAND_ERROR_IS_FATAL ANY)
