# The libFuzzer targets: each tests/fuzz/NAME_fuzz.cc becomes the program NAME_fuzz. What it links is in its first lines:
#   // fuzz: deps=MODULE...     modules of cmake/modules.cmake, with all they need
#   // fuzz: sources=pkg/a.cc...  instead, or beside them: these files alone (a file that several name is compiled once);
#                                the line may be repeated, and a target of headers alone has none
#   // fuzz: libs=LIBRARY...    system libraries for the sources
# Everything in this build directory is compiled for coverage and with AddressSanitizer; ninja builds only what is asked for.
add_compile_options(-fsanitize=fuzzer-no-link,address -fno-sanitize-recover=all -fno-omit-frame-pointer)
add_link_options(-fsanitize=address)

# fuzz_targets(): after the modules, for it names them.
function(fuzz_targets)
  file(GLOB targets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.cc)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${targets})  # their first lines are read here
  set(parts "")
  set(names "")
  foreach(target ${targets})
    get_filename_component(name ${target} NAME_WE)
    add_executable(${name} ${target})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    file(STRINGS ${target} lines REGEX "^// fuzz: ")
    foreach(line ${lines})
      string(REGEX REPLACE "^// fuzz: ([a-z]+)=.*" "\\1" key "${line}")
      string(REGEX REPLACE "^// fuzz: [a-z]+=" "" words "${line}")
      separate_arguments(words)
      if(key STREQUAL "sources")
        list(APPEND parts ${words})
        target_link_libraries(${name} PRIVATE fuzz_parts)
      elseif(key STREQUAL "deps" OR key STREQUAL "libs")
        list(APPEND ${name}_libs ${words})
      else()
        message(FATAL_ERROR "${target}: unknown word in: ${line}")
      endif()
    endforeach()
    target_link_libraries(${name} PRIVATE ${${name}_libs})  # after the parts, which may need them
    list(APPEND names ${name})
  endforeach()
  list(REMOVE_DUPLICATES parts)
  list(TRANSFORM parts PREPEND ${CMAKE_SOURCE_DIR}/)
  add_library(fuzz_parts STATIC EXCLUDE_FROM_ALL ${parts})  # an archive: each target takes the members it names
  add_custom_target(fuzz_targets DEPENDS ${names})
endfunction()
