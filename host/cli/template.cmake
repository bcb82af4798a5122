# Compiles sdk/template/* into the command line. Included, it makes the rule; as a script (-DOUT=<file.cpp>
# -DFOLDER=<folder> -P) it writes the C++ file that defines cli::template_files().
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(template_folder ${PROJECT_SOURCE_DIR}/sdk/template)
  set(embedded_template ${CMAKE_CURRENT_BINARY_DIR}/embedded_template.cpp)
  file(GLOB template_files CONFIGURE_DEPENDS ${template_folder}/* ${template_folder}/.gitignore)
  add_custom_command(
    OUTPUT ${embedded_template}
    COMMAND ${CMAKE_COMMAND} -DOUT=${embedded_template} -DFOLDER=${template_folder} -P ${CMAKE_CURRENT_LIST_FILE}
    DEPENDS ${template_files} ${CMAKE_CURRENT_LIST_FILE}
    VERBATIM)
  target_sources(tenantry_cli PRIVATE ${embedded_template})
  return()
endif()

file(GLOB files RELATIVE ${FOLDER} ${FOLDER}/* ${FOLDER}/.gitignore)
list(REMOVE_DUPLICATES files)
set(rows "")
foreach(file IN LISTS files)
  file(READ ${FOLDER}/${file} text)
  # Who runs a page's commands is this tree's business, not the new project's.
  string(REGEX REPLACE "<!-- run by [^\n]*-->\n" "" text "${text}")
  string(APPEND rows "      {\"${file}\", R\"file(${text})file\"},\n")
endforeach()
file(WRITE ${OUT} "#include \"cli/template.hpp\"

namespace tenantry::cli {

std::vector<TemplateFile> template_files() {
  return {
${rows}  };
}

}  // namespace tenantry::cli
")
