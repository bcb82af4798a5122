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
"#include \"database/migrate.hpp\"

namespace tenantry::database {

const std::vector<Migration>& migrations() {
  static const std::vector<Migration> all{
@rows@  };
  return all;
}

}  // namespace tenantry::database
")
  target_sources(${target} PRIVATE ${generated})
endfunction()
