# weft_lint(<target>…)
#
# Looks, in the sources of the targets, for the shapes of co_await that GCC 12 compiles wrongly without a
# word. Run it with:  cmake --build <dir> --target weft_lint
# (or weft_lint_<target> for one of them). It needs python3, clang-query (Debian: clang-tools-19), and
# the Ninja or Makefiles generator, since it reads compile_commands.json.

function(weft_lint)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  if(NOT TARGET weft_lint)
    add_custom_target(weft_lint)
  endif()
  foreach(target ${ARGN})
    # Its unity files would hide which source a report is about.
    set_target_properties(${target} PROPERTIES EXPORT_COMPILE_COMMANDS ON UNITY_BUILD OFF)
    add_custom_target(weft_lint_${target}
      COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/lint/weft_lint.py
              -p ${CMAKE_BINARY_DIR} --root $<TARGET_PROPERTY:${target},SOURCE_DIR>
              $<TARGET_PROPERTY:${target},SOURCES>
      COMMAND_EXPAND_LISTS VERBATIM
      COMMENT "Looking for coroutine traps in ${target}")
    # What the sources include may have to be generated first.
    add_dependencies(weft_lint_${target} ${target})
    add_dependencies(weft_lint weft_lint_${target})
  endforeach()
endfunction()
