# cmd/stage: a program of its own on musl, without exceptions, RTTI and heap containers. Built by its own rule, because no
# flag of the big binary (sanitizers, glibc, static-pie) applies to it. The module runtime_stage carries it (embedded.S).
set(stage_out ${CMAKE_BINARY_DIR}/embedded/stage)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/embedded)
file(GLOB stage_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmd/stage/*.cc)
file(GLOB_RECURSE stage_headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmd/stage/*.h ${CMAKE_SOURCE_DIR}/pkg/runtime/stage/*.h)
add_custom_command(
  OUTPUT ${stage_out}
  COMMAND ${CMAKE_SOURCE_DIR}/scripts/build-stage ${CMAKE_CXX_COMPILER} ${stage_out} ${stage_sources}
  DEPENDS ${stage_sources} ${stage_headers} ${CMAKE_SOURCE_DIR}/scripts/build-stage
  VERBATIM)
add_custom_target(stage_program DEPENDS ${stage_out})
target_sources(runtime_stage PRIVATE ${CMAKE_SOURCE_DIR}/pkg/runtime/stage/embedded.S)
set_source_files_properties(${CMAKE_SOURCE_DIR}/pkg/runtime/stage/embedded.S PROPERTIES
  OBJECT_DEPENDS ${stage_out} COMPILE_DEFINITIONS "STAGE_PATH=\"${stage_out}\"")

# guest: what the containers of the runtime's tests run, built the same way.
set(guest_source ${CMAKE_SOURCE_DIR}/pkg/runtime/cri/testdata/guest.cc)
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/embedded/guest
  COMMAND ${CMAKE_SOURCE_DIR}/scripts/build-stage ${CMAKE_CXX_COMPILER} ${CMAKE_BINARY_DIR}/embedded/guest ${guest_source}
  DEPENDS ${guest_source} ${CMAKE_SOURCE_DIR}/scripts/build-stage
  VERBATIM)
add_custom_target(test_guest DEPENDS ${CMAKE_BINARY_DIR}/embedded/guest)
if(TARGET runtime_cri_test)
  add_dependencies(runtime_cri_test test_guest)
endif()
