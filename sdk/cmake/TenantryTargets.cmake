# The SDK's targets, alike in the source tree and in an installed package. Tenantry::abi is the C header alone;
# Tenantry::sdk the C++ on top of it, with a Boost.JSON of its own; Tenantry::http adds the HTTP client, and is there if
# libcurl is. What is compiled is compiled by the project that uses it, with its compiler and flags, and only if an
# engine needs it.
#
# Expects TENANTRY_SDK_INCLUDE_DIR and TENANTRY_SDK_SOURCE_DIR; TENANTRY_SDK_SYSTEM is SYSTEM where the headers are not
# the project's own.
add_library(tenantry_abi INTERFACE)
target_include_directories(tenantry_abi ${TENANTRY_SDK_SYSTEM} INTERFACE ${TENANTRY_SDK_INCLUDE_DIR})

function(tenantry_add_sdk_part name source)
  add_library(${name} STATIC EXCLUDE_FROM_ALL ${TENANTRY_SDK_SOURCE_DIR}/${source})
  target_compile_features(${name} PUBLIC cxx_std_17)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  if(TARGET tenantry_warnings)
    target_link_libraries(${name} PRIVATE tenantry_warnings)
  endif()
endfunction()

tenantry_add_sdk_part(tenantry_sdk_json boost_json.cpp)
target_link_libraries(tenantry_sdk_json PUBLIC Boost::headers)

add_library(tenantry_sdk INTERFACE)
target_link_libraries(tenantry_sdk INTERFACE tenantry_abi tenantry_sdk_json)

find_package(CURL QUIET)
find_package(Threads QUIET)
if(CURL_FOUND AND Threads_FOUND)
  tenantry_add_sdk_part(tenantry_sdk_http http_client.cpp)
  target_link_libraries(tenantry_sdk_http PUBLIC tenantry_sdk PRIVATE CURL::libcurl Threads::Threads)
  add_library(Tenantry::http ALIAS tenantry_sdk_http)
endif()
add_library(Tenantry::abi ALIAS tenantry_abi)
add_library(Tenantry::sdk ALIAS tenantry_sdk)
