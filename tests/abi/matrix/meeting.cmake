# HOST, given PLUGIN, prints LINE and nothing else.
execute_process(COMMAND ${HOST} ${PLUGIN} OUTPUT_VARIABLE said ERROR_VARIABLE errors RESULT_VARIABLE code)
if(NOT code EQUAL 0 OR NOT said STREQUAL "${LINE}\n")
  message(FATAL_ERROR "expected: ${LINE}\nfound:    ${said}(ended with ${code}) ${errors}")
endif()
