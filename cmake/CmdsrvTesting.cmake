include(GoogleTest)

# A room is one static library; the arrows between rooms are the link lines, checked by tools/check_rooms.
function(cmdsrv_room name)
  add_library(cmdsrv_${name} STATIC ${ARGN})
  target_include_directories(cmdsrv_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
endfunction()

# cmdsrv_unit_test(job_queue_test cmdsrv_jobs): one test program per file, beside the file it tests.
function(cmdsrv_unit_test name)
  add_executable(${name} ${name}.cpp)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${ARGN} GTest::gmock_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS unit)
endfunction()
