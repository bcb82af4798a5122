# Compiles schemas/*.schema.json into the schema room.
file(GLOB schema_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/schemas/*.schema.json)
list(JOIN schema_files "|" schema_list)
set(embedded_schemas ${CMAKE_CURRENT_BINARY_DIR}/embedded_schemas.cpp)
add_custom_command(
  OUTPUT ${embedded_schemas}
  COMMAND ${CMAKE_COMMAND} -DOUT=${embedded_schemas} "-DFILES=${schema_list}"
          -P ${CMAKE_CURRENT_LIST_DIR}/embed.cmake
  DEPENDS ${schema_files} ${CMAKE_CURRENT_LIST_DIR}/embed.cmake
  VERBATIM)
target_sources(tenantry_schema PRIVATE ${embedded_schemas})
