# SOCI brings no package file of its own.
find_path(SOCI_INCLUDE_DIR soci/soci.h REQUIRED)
find_library(SOCI_CORE_LIBRARY soci_core REQUIRED)
find_library(SOCI_SQLITE3_LIBRARY soci_sqlite3 REQUIRED)
find_library(SOCI_POSTGRESQL_LIBRARY soci_postgresql REQUIRED)
add_library(tenantry_soci INTERFACE)
target_include_directories(tenantry_soci SYSTEM INTERFACE ${SOCI_INCLUDE_DIR})
target_link_libraries(tenantry_soci INTERFACE ${SOCI_SQLITE3_LIBRARY} ${SOCI_POSTGRESQL_LIBRARY} ${SOCI_CORE_LIBRARY}
  PkgConfig::SQLITE PkgConfig::PQ)
# SOCI's libraries do not export all the type information that this sanitizer looks at.
target_compile_options(tenantry_soci INTERFACE -fno-sanitize=vptr)
