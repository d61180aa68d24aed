# Run by tests/system/can.sh in a guest kernel that has SocketCAN.
if(TARGET hub_edge)
  add_executable(can_probe system/can_probe.c)
  target_compile_definitions(can_probe PRIVATE _GNU_SOURCE)
  target_link_libraries(can_probe PRIVATE hub_edge)
endif()
