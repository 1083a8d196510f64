# llhttp, the HTTP/1 parser: defines llhttp::llhttp.
#
# Taken from, in this order: an installed CMake package, an installed library, the C sources in
# Debian's package node-llhttp. That package is downloaded and unpacked, never installed. Its sources
# become part of weft's own library, in strict mode, hidden, and under names of their own, so that
# they meet no other llhttp in the same program.
#
#   find_package(llhttp REQUIRED)
#   weft_library(http … PRIVATE llhttp::llhttp)
#
#   WEFT_CACHE_DIR   where downloads are kept (default: .cache in the build directory)
#   llhttp_BUNDLED   set when the sources were compiled in: users of weft need no llhttp

set(WEFT_CACHE_DIR ${CMAKE_BINARY_DIR}/.cache CACHE PATH "Where downloads are kept")
set(llhttp_FOUND TRUE)
set(llhttp_BUNDLED FALSE)

if(TARGET llhttp::llhttp)
  return()
endif()

# The parser's promises changed between major versions; these are the ones that weft was tried with.
function(weft_llhttp_check_version header)
  file(STRINGS ${header} line REGEX "#define LLHTTP_VERSION_MAJOR ")
  string(REGEX MATCH "[0-9]+" major "${line}")
  if(NOT major STREQUAL "8" AND NOT major STREQUAL "9")
    message(FATAL_ERROR "${header} is of llhttp ${major}; weft needs 8 or 9.")
  endif()
endfunction()

find_package(llhttp CONFIG QUIET)
set(llhttp_FOUND TRUE)
foreach(target llhttp::llhttp_static llhttp::llhttp_shared llhttp_static llhttp_shared)
  if(TARGET ${target})
    add_library(llhttp::llhttp INTERFACE IMPORTED)
    target_link_libraries(llhttp::llhttp INTERFACE ${target})
    return()
  endif()
endforeach()

find_path(LLHTTP_INCLUDE_DIR llhttp.h)
find_library(LLHTTP_LIBRARY llhttp)
mark_as_advanced(LLHTTP_INCLUDE_DIR LLHTTP_LIBRARY)
if(LLHTTP_INCLUDE_DIR AND LLHTTP_LIBRARY)
  weft_llhttp_check_version(${LLHTTP_INCLUDE_DIR}/llhttp.h)
  add_library(llhttp::llhttp UNKNOWN IMPORTED)
  set_target_properties(llhttp::llhttp PROPERTIES
    IMPORTED_LOCATION ${LLHTTP_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${LLHTTP_INCLUDE_DIR})
  return()
endif()

set(sources ${WEFT_CACHE_DIR}/llhttp-debian)
if(NOT EXISTS ${sources}/llhttp.h)
  message(STATUS "Downloading llhttp's sources (Debian package node-llhttp)")
  set(work ${WEFT_CACHE_DIR}/llhttp-download)
  file(REMOVE_RECURSE ${work})
  file(MAKE_DIRECTORY ${work})
  set(how "One of these helps:\n"
          "  run ./dev setup (Debian 12; it refreshes apt's package lists)\n"
          "  on Debian:  apt-get update, then configure again\n"
          "  install llhttp 8 or 9 with its CMake package, and point CMAKE_PREFIX_PATH at it\n")
  # Run as root, apt would else complain that its own user may not write here.
  execute_process(COMMAND apt-get -q -o APT::Sandbox::User=root download node-llhttp
                  WORKING_DIRECTORY ${work} RESULT_VARIABLE status OUTPUT_VARIABLE words ERROR_VARIABLE words)
  file(GLOB package ${work}/node-llhttp_*.deb)
  if(NOT status EQUAL 0 OR NOT package)
    message(FATAL_ERROR "llhttp is not installed, and its Debian package could not be downloaded "
                        "(${status}):\n${words}\n" ${how})
  endif()
  execute_process(COMMAND dpkg-deb -x ${package} ${work}/unpacked RESULT_VARIABLE status ERROR_VARIABLE words)
  if(NOT status EQUAL 0 OR NOT EXISTS ${work}/unpacked/usr/share/llhttp/llhttp.c)
    message(FATAL_ERROR "${package} does not hold llhttp's C sources: ${words}\n" ${how})
  endif()
  # Unpacked beside, then renamed: an interrupted run, or one beside another, leaves nothing half done.
  file(COPY ${work}/unpacked/usr/share/llhttp/ ${work}/unpacked/usr/share/include/llhttp/llhttp.h
       DESTINATION ${work}/llhttp)
  file(RENAME ${work}/llhttp ${sources} RESULT status)
  file(REMOVE_RECURSE ${work})
endif()
weft_llhttp_check_version(${sources}/llhttp.h)

set(text "")
foreach(file llhttp.h api.c http.c llhttp.c)
  file(READ ${sources}/${file} part)
  string(APPEND text "${part}")
endforeach()
string(REGEX MATCHALL "llhttp_[a-z_0-9]+ *\\(" names "${text}")
list(TRANSFORM names REPLACE " *\\(" "")
list(REMOVE_DUPLICATES names)
list(TRANSFORM names REPLACE "(.+)" "#define \\1 weft_\\1\n")
list(JOIN names "" renames)
set(names_header ${PROJECT_BINARY_DIR}/llhttp/weft_llhttp_names.h)
file(CONFIGURE OUTPUT ${names_header} CONTENT "${renames}" @ONLY)

add_library(weft_llhttp OBJECT ${sources}/api.c ${sources}/http.c ${sources}/llhttp.c)
add_library(llhttp::llhttp ALIAS weft_llhttp)
target_include_directories(weft_llhttp SYSTEM PUBLIC ${sources})
target_compile_definitions(weft_llhttp PUBLIC LLHTTP_STRICT_MODE=1)
target_compile_options(weft_llhttp PUBLIC "SHELL:-include ${names_header}")
# Other people's code: always fast, never instrumented for coverage of ours, its warnings not ours to mend.
target_compile_options(weft_llhttp PRIVATE -O2 -w)
set_target_properties(weft_llhttp PROPERTIES C_VISIBILITY_PRESET hidden UNITY_BUILD OFF)
set(llhttp_BUNDLED TRUE)
