include(GoogleTest)

# All targets that link cmdsrv_base share its precompiled header; all unit tests share one with GoogleTest in it.
function(cmdsrv_precompile target)
  if(NOT CMDSRV_PRECOMPILE)
    return()
  endif()
  if(target STREQUAL cmdsrv_base)
    target_precompile_headers(cmdsrv_base PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.hpp)
  else()
    target_precompile_headers(${target} REUSE_FROM cmdsrv_base)
  endif()
endfunction()

# A room is one static library; the arrows between rooms are the link lines, checked by tools/check_rooms.
function(cmdsrv_room name)
  add_library(cmdsrv_${name} STATIC ${ARGN})
  target_include_directories(cmdsrv_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  cmdsrv_precompile(cmdsrv_${name})
endfunction()

# Splits the cases of a long test program among `count` tests, which run at the same time and begin before the short ones.
function(cmdsrv_shards name count)
  set_tests_properties(${name} PROPERTIES COST 1000
                       ENVIRONMENT "GTEST_TOTAL_SHARDS=${count};GTEST_SHARD_INDEX=0")
  get_test_property(${name} LABELS labels)
  get_test_property(${name} TIMEOUT timeout)
  math(EXPR last "${count} - 1")
  foreach(shard RANGE 1 ${last})
    add_test(NAME ${name}_${shard} COMMAND ${name})
    set_tests_properties(${name}_${shard} PROPERTIES COST 1000 LABELS "${labels}" TIMEOUT ${timeout}
                         ENVIRONMENT "GTEST_TOTAL_SHARDS=${count};GTEST_SHARD_INDEX=${shard}")
  endforeach()
endfunction()

# cmdsrv_unit_test(job_queue_test cmdsrv_jobs): one test program per file, beside the file it tests.
function(cmdsrv_unit_test name)
  add_executable(${name} ${name}.cpp)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${ARGN} GTest::gmock_main)
  if(CMDSRV_PRECOMPILE)
    if(NOT TARGET cmdsrv_test_headers)
      file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/generated/test_headers.cpp CONTENT "")
      add_library(cmdsrv_test_headers OBJECT ${CMAKE_BINARY_DIR}/generated/test_headers.cpp)
      target_link_libraries(cmdsrv_test_headers PRIVATE cmdsrv_base GTest::gmock)
      target_precompile_headers(cmdsrv_test_headers PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled_test.hpp)
    endif()
    target_precompile_headers(${name} REUSE_FROM cmdsrv_test_headers)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS unit)
endfunction()
