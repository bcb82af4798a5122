# tenantry_add_engine(<name> SOURCES <files...> [HTTP] [LINKS <targets...>])
#
# A plugin file ${CMAKE_BINARY_DIR}/engines/<name>.so that exports tenantry_plugin_v1 and nothing else. HTTP adds the
# client of <tenantry/http.hpp>. Everything linked statically stays hidden; -static-libgcc is never set, because an
# exception must be able to cross from the plugin's unwinder to the host's.
function(tenantry_add_engine name)
  cmake_parse_arguments(ENGINE "HTTP" "" "SOURCES;LINKS" ${ARGN})
  if(ENGINE_UNPARSED_ARGUMENTS OR NOT ENGINE_SOURCES)
    message(FATAL_ERROR "tenantry_add_engine(${name}): give SOURCES, and optionally HTTP and LINKS; "
                        "not understood: ${ENGINE_UNPARSED_ARGUMENTS}")
  endif()
  add_library(${name} MODULE ${ENGINE_SOURCES})
  target_link_libraries(${name} PRIVATE tenantry_sdk ${ENGINE_LINKS})
  if(ENGINE_HTTP)
    target_link_libraries(${name} PRIVATE tenantry_sdk_http)
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
  set_property(GLOBAL APPEND PROPERTY TENANTRY_ENGINES ${name})
endfunction()
