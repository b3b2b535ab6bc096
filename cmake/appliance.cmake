# The executable. Sources of the command line appear as they are written.
file(GLOB appliance_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmd/appliance/*.cc)
