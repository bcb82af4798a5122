# tenantry_add_engine(<name> SOURCES <files...> [HTTP] [LINKS <targets...>] [ABI <major.minor>] [FIXTURE <file.json>])
#
# A plugin file ${CMAKE_BINARY_DIR}/engines/<name>.so that exports tenantry_plugin_v1 and nothing else. HTTP adds the
# client of <tenantry/http.hpp>. ABI makes the compiler refuse what is younger than that version of the contract; without
# it, it is the newest that this SDK knows. Everything linked statically stays hidden; -static-libgcc is never set,
# because an exception must be able to cross from the plugin's unwinder to the host's.
#
# Where tests are enabled, the test conformance.<name> has `tenantry engines check` judge the file, with the FIXTURE if
# one is given: a request, settings and secrets to run its steps with. There is no such test if the program is not found;
# TENANTRY_PROGRAM names it.
function(tenantry_add_engine name)
  cmake_parse_arguments(ENGINE "HTTP" "ABI;FIXTURE" "SOURCES;LINKS" ${ARGN})
  if(ENGINE_UNPARSED_ARGUMENTS OR NOT ENGINE_SOURCES)
    message(FATAL_ERROR "tenantry_add_engine(${name}): give SOURCES, and optionally HTTP, LINKS, ABI and FIXTURE; "
                        "not understood: ${ENGINE_UNPARSED_ARGUMENTS}")
  endif()
  add_library(${name} MODULE ${ENGINE_SOURCES})
  target_link_libraries(${name} PRIVATE tenantry_sdk ${ENGINE_LINKS})
  if(ENGINE_HTTP)
    if(NOT TARGET tenantry_sdk_http)
      message(FATAL_ERROR "tenantry_add_engine(${name} HTTP): libcurl is needed; on Debian: libcurl4-openssl-dev")
    endif()
    target_link_libraries(${name} PRIVATE tenantry_sdk_http)
  endif()
  if(DEFINED ENGINE_ABI)
    if(NOT ENGINE_ABI MATCHES "^${TENANTRY_ABI_MAJOR}\\.([0-9]+)$" OR CMAKE_MATCH_1 GREATER TENANTRY_ABI_MINOR)
      message(FATAL_ERROR "tenantry_add_engine(${name} ABI ${ENGINE_ABI}): this SDK speaks ${TENANTRY_ABI_MAJOR}.0 to "
                          "${TENANTRY_ABI_MAJOR}.${TENANTRY_ABI_MINOR}")
    endif()
    target_compile_definitions(${name} PRIVATE TENANTRY_ABI_TARGET=${CMAKE_MATCH_1})
  endif()
  if(TARGET tenantry_warnings)
    target_link_libraries(${name} PRIVATE tenantry_warnings)
  endif()
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/engines
    LINK_DEPENDS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/exports.map)
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE
    -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/exports.map -Wl,-z,now -Wl,--exclude-libs,ALL)
  # A sanitizer's runtime is in the program, not in the plugin.
  if(NOT "${CMAKE_CXX_FLAGS} ${CMAKE_C_FLAGS}" MATCHES "-fsanitize")
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  if(TENANTRY_PROGRAM)
    set(fixture "")
    if(DEFINED ENGINE_FIXTURE)
      get_filename_component(file ${ENGINE_FIXTURE} ABSOLUTE)
      set(fixture --fixture ${file})
    endif()
    add_test(NAME conformance.${name} COMMAND ${TENANTRY_PROGRAM} engines check $<TARGET_FILE:${name}> ${fixture})
    set_tests_properties(conformance.${name} PROPERTIES TIMEOUT 300)
  endif()
  set_property(GLOBAL APPEND PROPERTY TENANTRY_ENGINES ${name})
endfunction()
