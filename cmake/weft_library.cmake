# weft_library(<name> SOURCES … HEADERS … [PUBLIC …] [PRIVATE …] [FIND …])
#
# Defines the library weft_<name>, known as weft::<name> in the tree and when installed.
#   SOURCES  everything in src/, where no user can include it
#   HEADERS  the public API, listed one by one; each must compile alone
#   PUBLIC   targets that public headers need      PRIVATE  targets that only sources need
#   FIND     packages to find again for a user of the installed library (for find_dependency)
#
# weft_install_config() then writes the package config from what was declared.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(weft_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weft)

function(weft_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;PUBLIC;PRIVATE;FIND")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "weft_library(${name}): what is ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  set(target weft_${name})

  # Object libraries become part of this one, so whoever uses it installed need not know them.
  set(private "")
  foreach(link ${arg_PRIVATE})
    set(type "")
    if(TARGET ${link})
      get_target_property(type ${link} TYPE)
    endif()
    if(type STREQUAL "OBJECT_LIBRARY")
      list(APPEND private $<BUILD_INTERFACE:${link}>)
    else()
      list(APPEND private ${link})
    endif()
  endforeach()

  add_library(${target} ${arg_SOURCES})
  add_library(weft::${name} ALIAS ${target})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  target_include_directories(${target} PRIVATE src)
  target_compile_features(${target} PUBLIC cxx_std_23)
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${private})
  if(WEFT_SANITIZE)
    # Sources only: a header that knew would make two kinds of one type.
    target_compile_definitions(${target} PRIVATE WEFT_SANITIZED=1)
  endif()
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    UNITY_BUILD ${WEFT_UNITY}
    INSTALL_RPATH "$ORIGIN"
    VERIFY_INTERFACE_HEADER_SETS ON)

  set(links ${arg_PUBLIC} ${arg_PRIVATE})
  list(FILTER links INCLUDE REGEX "^weft::")
  list(TRANSFORM links REPLACE "^weft::" "")
  set_property(GLOBAL APPEND PROPERTY weft_components ${name})
  set_property(GLOBAL PROPERTY weft_requires_${name} "${links}")
  set_property(GLOBAL PROPERTY weft_finds_${name} "${arg_FIND}")

  if(WEFT_INSTALL)
    install(TARGETS ${target} EXPORT weft_${name}-targets
            ARCHIVE COMPONENT weft_dev
            LIBRARY COMPONENT weft_runtime NAMELINK_COMPONENT weft_dev
            FILE_SET HEADERS COMPONENT weft_dev)
    install(EXPORT weft_${name}-targets NAMESPACE weft:: DESTINATION ${weft_package_dir} COMPONENT weft_dev)
  endif()
endfunction()

function(weft_install_config)
  get_property(components GLOBAL PROPERTY weft_components)
  set(WEFT_COMPONENT_TABLE "set(_weft_components ${components})\n")
  foreach(name ${components})
    get_property(requires GLOBAL PROPERTY weft_requires_${name})
    get_property(finds GLOBAL PROPERTY weft_finds_${name})
    string(APPEND WEFT_COMPONENT_TABLE
           "set(_weft_requires_${name} ${requires})\nset(_weft_finds_${name} ${finds})\n")
  endforeach()
  string(REPLACE ";" " " WEFT_COMPONENT_TABLE "${WEFT_COMPONENT_TABLE}")

  set(out ${PROJECT_BINARY_DIR}/package)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/weftConfig.cmake.in ${out}/weftConfig.cmake
                                INSTALL_DESTINATION ${weft_package_dir} NO_SET_AND_CHECK_MACRO)
  # Until 1.0 a minor release may break its users.
  write_basic_package_version_file(${out}/weftConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${out}/weftConfig.cmake ${out}/weftConfigVersion.cmake
          ${PROJECT_SOURCE_DIR}/cmake/weft_lint.cmake ${PROJECT_SOURCE_DIR}/cmake/Findllhttp.cmake
          DESTINATION ${weft_package_dir} COMPONENT weft_dev)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/cmake/lint/ DESTINATION ${weft_package_dir}/lint
          COMPONENT weft_dev USE_SOURCE_PERMISSIONS PATTERN "selftest" EXCLUDE)
endfunction()
