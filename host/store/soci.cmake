# SOCI brings no package file of its own, and the migrations are compiled into the room.
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

# tenantry_embed_migrations(<target> <folder>): every <number>_<name>.sql of the folder, in order, as migrations.cpp.
function(tenantry_embed_migrations target folder)
  file(GLOB scripts CONFIGURE_DEPENDS ${folder}/[0-9]*.sql)
  list(SORT scripts)
  set(rows "")
  foreach(script IN LISTS scripts)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${script})
    get_filename_component(name ${script} NAME)
    string(REGEX MATCH "^[0-9]+" number ${name})
    string(REGEX REPLACE "^0+" "" number ${number})
    file(READ ${script} text)
    string(APPEND rows "      {${number}, R\"sql(${text})sql\"},\n")
  endforeach()
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target}_migrations.cpp)
  file(CONFIGURE OUTPUT ${generated} @ONLY CONTENT
"#include \"store/migrate.hpp\"

namespace tenantry::store {

const std::vector<Migration>& migrations() {
  static const std::vector<Migration> all{
@rows@  };
  return all;
}

}  // namespace tenantry::store
")
  target_sources(${target} PRIVATE ${generated})
endfunction()
