# Compiles host/console/page and the schema of a new tenant into the console. Included, it makes the rule; as a script
# (-DOUT=<file.cpp> -DFOLDER=<page> -DSCHEMAS=<folder> -P) it writes the C++ file that defines console::files().
if(NOT CMAKE_SCRIPT_MODE_FILE)
  find_program(GZIP gzip REQUIRED)
  set(page_folder ${CMAKE_CURRENT_LIST_DIR}/page)
  set(embedded_page ${CMAKE_CURRENT_BINARY_DIR}/embedded_page.cpp)
  file(GLOB_RECURSE page_files CONFIGURE_DEPENDS ${page_folder}/*)
  add_custom_command(
    OUTPUT ${embedded_page}
    COMMAND ${CMAKE_COMMAND} -DOUT=${embedded_page} -DFOLDER=${page_folder} -DSCHEMAS=${PROJECT_SOURCE_DIR}/schemas
            -DGZIP=${GZIP} -P ${CMAKE_CURRENT_LIST_FILE}
    DEPENDS ${page_files} ${PROJECT_SOURCE_DIR}/schemas/create_tenant.schema.json ${CMAKE_CURRENT_LIST_FILE}
    VERBATIM)
  target_sources(tenantry_console PRIVATE ${embedded_page})
  return()
endif()

set(work ${OUT}.files)
file(REMOVE_RECURSE ${work})
file(COPY ${FOLDER}/ DESTINATION ${work})
file(COPY ${SCHEMAS}/create_tenant.schema.json DESTINATION ${work}/schemas)
file(GLOB_RECURSE files RELATIVE ${work} ${work}/*)
list(SORT files)

# The page names its files by their version, and all modules at once: the browser need not find them one by one.
set(sums "")
set(modules "")
foreach(file IN LISTS files)
  file(SHA256 ${work}/${file} sum)
  string(APPEND sums ${sum})
  if(file MATCHES "\\.js$")
    string(APPEND modules "<link rel=\"modulepreload\" href=\"/console/files/{version}/${file}\">\n")
  endif()
endforeach()
string(SHA256 version "${sums}")
string(SUBSTRING ${version} 0 16 version)
file(READ ${work}/index.html page)
string(REPLACE "{modules}" "${modules}" page "${page}")
string(REPLACE "{version}" ${version} page "${page}")
file(WRITE ${work}/index.html "${page}")

set(rows "")
foreach(file IN LISTS files)
  file(READ ${work}/${file} text)
  execute_process(COMMAND ${GZIP} -9 -n -c ${work}/${file} OUTPUT_FILE ${work}.gz COMMAND_ERROR_IS_FATAL ANY)
  file(SIZE ${work}.gz size)
  file(READ ${work}.gz zipped HEX)
  string(REGEX REPLACE "(..)" "\\\\x\\1" zipped ${zipped})
  string(APPEND rows "      {\"${file}\", R\"page(${text})page\", std::string_view(\"${zipped}\", ${size})},\n")
endforeach()
file(REMOVE_RECURSE ${work} ${work}.gz)
file(WRITE ${OUT} "#include \"console/embedded.hpp\"

namespace tenantry::console {

const std::vector<File>& files() {
  static const std::vector<File> all{
${rows}  };
  return all;
}

std::string_view version() { return \"${version}\"; }

}  // namespace tenantry::console
")
