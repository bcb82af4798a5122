# find_package(TenantrySdk 1.0 REQUIRED): tenantry_add_engine(), and the targets Tenantry::abi, Tenantry::sdk and
# Tenantry::http. The folder may be moved: everything is found from where this file is.
include(CMakeFindDependencyMacro)
find_dependency(Boost 1.81)

get_filename_component(TENANTRY_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(TENANTRY_SDK_INCLUDE_DIR "${TENANTRY_PREFIX}/include")
set(TENANTRY_SDK_SOURCE_DIR "${CMAKE_CURRENT_LIST_DIR}/src")
set(TENANTRY_SDK_SYSTEM SYSTEM)
string(REGEX MATCH "^([0-9]+)\\.([0-9]+)" TENANTRY_ABI_VERSION "${TenantrySdk_VERSION}")
set(TENANTRY_ABI_MAJOR ${CMAKE_MATCH_1} CACHE INTERNAL "")  # seen by all folders that call tenantry_add_engine
set(TENANTRY_ABI_MINOR ${CMAKE_MATCH_2} CACHE INTERNAL "")

find_program(TENANTRY_PROGRAM tenantry HINTS "${TENANTRY_PREFIX}/bin" DOC "judges engines: tenantry engines check")
if(NOT TENANTRY_PROGRAM AND NOT TenantrySdk_FIND_QUIETLY)
  message(STATUS "The program tenantry is not found: engines get no conformance test (TENANTRY_PROGRAM names it)")
endif()

if(NOT TARGET tenantry_sdk)
  include("${CMAKE_CURRENT_LIST_DIR}/TenantryTargets.cmake")
endif()
include("${CMAKE_CURRENT_LIST_DIR}/TenantryEngine.cmake")
