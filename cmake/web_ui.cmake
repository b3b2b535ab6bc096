# The dashboard: web-ui/ built by npm and vite (scripts/build-web-ui), embedded into the executable alone. Test programs,
# and an executable that is built without it, serve a page that says how to build it.
#   APPLIANCE_WEB_UI=AUTO  when node and npm are found and web-ui/ is there (the default)
#                    ON    it must be; OFF: it is not
set(APPLIANCE_WEB_UI AUTO CACHE STRING "embed the dashboard: AUTO, ON or OFF")
set_property(CACHE APPLIANCE_WEB_UI PROPERTY STRINGS AUTO ON OFF)
find_program(APP_NODE node)
find_program(APP_NPM npm)
file(GLOB web_ui_package CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web-ui/package-lock.json)

set(web_ui_missing "")
if(NOT APP_NODE)
  list(APPEND web_ui_missing node)
endif()
if(NOT APP_NPM)
  list(APPEND web_ui_missing npm)
endif()
if(NOT web_ui_package)
  list(APPEND web_ui_missing web-ui/package-lock.json)
endif()
list(JOIN web_ui_missing ", " web_ui_missing)

if(APPLIANCE_WEB_UI STREQUAL "AUTO")
  if(web_ui_missing)
    message(STATUS "the dashboard is not built: no ${web_ui_missing}")
    set(web_ui OFF)
  else()
    set(web_ui ON)
  endif()
else()
  set(web_ui ${APPLIANCE_WEB_UI})
  if(web_ui AND web_ui_missing)
    message(FATAL_ERROR "APPLIANCE_WEB_UI is ON, but there is no ${web_ui_missing}")
  endif()
endif()

if(web_ui)
  set(web_ui_out ${CMAKE_BINARY_DIR}/embedded/web-ui)
  # Not web-ui/** : node_modules may be in there.
  file(GLOB web_ui_top CONFIGURE_DEPENDS LIST_DIRECTORIES OFF ${CMAKE_SOURCE_DIR}/web-ui/*)
  file(GLOB_RECURSE web_ui_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web-ui/src/* ${CMAKE_SOURCE_DIR}/web-ui/public/*)
  add_custom_command(
    OUTPUT ${web_ui_out}/index.txt ${web_ui_out}/blob.bin
    BYPRODUCTS ${web_ui_out}/sizes.json
    COMMAND ${CMAKE_SOURCE_DIR}/scripts/build-web-ui ${web_ui_out}
    DEPENDS ${web_ui_top} ${web_ui_sources} ${CMAKE_SOURCE_DIR}/scripts/build-web-ui
    COMMENT "Building the dashboard"
    VERBATIM)
  add_library(app_webui OBJECT ${CMAKE_SOURCE_DIR}/pkg/node/webui/embedded.S)
  # The assembler knows nothing of what .incbin reads: ninja is told.
  set_source_files_properties(${CMAKE_SOURCE_DIR}/pkg/node/webui/embedded.S PROPERTIES
    OBJECT_DEPENDS "${web_ui_out}/index.txt;${web_ui_out}/blob.bin"
    COMPILE_DEFINITIONS "WEB_UI_INDEX=\"${web_ui_out}/index.txt\";WEB_UI_BLOB=\"${web_ui_out}/blob.bin\"")
  # An object and no archive: its names are weak where they are used, and a weak name takes nothing out of an archive.
  target_sources(appliance PRIVATE $<TARGET_OBJECTS:app_webui>)
endif()
