# cmd/stage: a program of its own on musl, without exceptions, RTTI and heap containers. Built by its own rule, because no
# flag of the big binary (sanitizers, glibc, static-pie) applies to it.
set(stage_out ${CMAKE_BINARY_DIR}/stage)
file(GLOB stage_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmd/stage/*.cc)
file(GLOB_RECURSE stage_headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmd/stage/*.h ${CMAKE_SOURCE_DIR}/pkg/runtime/stage/*.h)
if(stage_sources)
  add_custom_command(
    OUTPUT ${stage_out}
    COMMAND ${CMAKE_SOURCE_DIR}/scripts/build-stage ${CMAKE_CXX_COMPILER} ${stage_out} ${stage_sources}
    DEPENDS ${stage_sources} ${stage_headers} ${CMAKE_SOURCE_DIR}/scripts/build-stage
    VERBATIM)
  add_custom_target(stage DEPENDS ${stage_out})
endif()
