# Run by tests/system/can.sh in a guest kernel that has SocketCAN.
if(TARGET hub_edge)
  add_executable(can_probe system/can_probe.c)
  target_compile_definitions(can_probe PRIVATE _GNU_SOURCE)
  target_link_libraries(can_probe PRIVATE hub_edge)
endif()

# The conformance map behind the real Modbus edges; tests/system/conformance.py talks to it.
find_package(Python3 COMPONENTS Interpreter)
if(TARGET hub_edge)
  add_executable(modbus_fixture modbus_fixture.c fixture_later.c)
  target_compile_definitions(modbus_fixture PRIVATE _GNU_SOURCE)
  target_link_libraries(modbus_fixture PRIVATE hub_edge Threads::Threads)
  if(Python3_FOUND)
    add_test(NAME system.vectors
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/system/conformance.py ${PROJECT_BINARY_DIR} over_)
    set_tests_properties(system.vectors PROPERTIES LABELS system TIMEOUT 120)
  endif()
endif()

# The conformance vectors on the engine and the framers, in told time.
add_executable(conform conform.c)
target_link_libraries(conform PRIVATE hub_pure)
foreach(how tcp rtu)
  add_test(NAME conformance.${how}
    COMMAND conform ${how} ${CMAKE_CURRENT_SOURCE_DIR}/conformance/vectors.txt)
endforeach()
add_test(NAME conformance.sweep COMMAND conform sweep)
set_tests_properties(conformance.tcp conformance.rtu conformance.sweep PROPERTIES
  LABELS conformance TIMEOUT 60)
