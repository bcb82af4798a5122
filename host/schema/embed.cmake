# cmake -DOUT=<file.cpp> -DFILES=<a.schema.json|b.schema.json> -P embed.cmake
# Writes the C++ file that defines schema::embedded().
string(REPLACE "|" ";" FILES "${FILES}")
set(rows "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  string(REPLACE "-" "_" name ${name})
  file(READ ${file} text)
  string(APPEND rows "      {\"${name}\", R\"schema(${text})schema\"},\n")
endforeach()
file(WRITE ${OUT} "#include \"schema/embedded.hpp\"

namespace tenantry::schema {

std::vector<Embedded> embedded() {
  return {
${rows}  };
}

}  // namespace tenantry::schema
")
