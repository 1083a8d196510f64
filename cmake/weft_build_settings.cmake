# Settings of weft's own build. Nothing here reaches users of the targets, or a parent project that
# adds weft as a subdirectory: all is scoped to this directory and below.

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
# So that a user's shared library may contain the static ones.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # Else every call of an exported function of our own is an indirect call that is never inlined.
  add_compile_options(-fno-semantic-interposition)
endif()

find_program(WEFT_CCACHE ccache)
mark_as_advanced(WEFT_CCACHE)
if(PROJECT_IS_TOP_LEVEL AND WEFT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without these, ccache gives up on whatever uses a precompiled header.
  set(weft_launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${WEFT_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${weft_launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${weft_launcher})
endif()

set(weft_warnings
    -Wall -Wextra -Wpedantic -Wcast-qual -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi
    -Wundef)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # Reproducible precompiled headers, so that ccache may keep what uses them.
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
  list(APPEND weft_warnings
       -Wshadow -Wconversion -Wthread-safety -Wunreachable-code-aggressive -Wmissing-declarations
       # Tests and layers spell the fields that they mean and leave the others to their defaults.
       -Wno-missing-designated-field-initializers)
else()
  # To GCC, a parameter also shadows a member function. The others it reports for correct coroutines
  # and for its own library at -O2.
  list(APPEND weft_warnings
       -Wshadow=local
       -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread
       -Wno-restrict -Wno-free-nonheap-object -Wno-missing-field-initializers
       # In a unity build, where a source looks like a header.
       -Wno-subobject-linkage)
endif()
if(WEFT_WERROR)
  list(APPEND weft_warnings -Werror)
endif()
# Not on the C sources: those are other people's.
add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${weft_warnings}>")

if(WEFT_SANITIZE)
  list(JOIN WEFT_SANITIZE "," sanitizers)
  add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${sanitizers})
endif()
if(WEFT_BUILD_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
