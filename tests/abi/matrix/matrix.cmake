# The contract grows: engines and hosts of 1.0 and of a next minor version meet in all four ways. Each is built with the
# header of its time, and really loads or is loaded.
set(headers ${CMAKE_CURRENT_SOURCE_DIR}/headers)

function(add_matrix_plugin name source header)
  add_library(abi_${name} MODULE ${CMAKE_CURRENT_SOURCE_DIR}/matrix/${source})
  target_include_directories(abi_${name} PRIVATE ${headers}/${header})
  target_compile_definitions(abi_${name} PRIVATE ${ARGN})
  target_link_libraries(abi_${name} PRIVATE tenantry_warnings)
  set_target_properties(abi_${name} PROPERTIES PREFIX "" SUFFIX ".so" C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/abi)
endfunction()
add_matrix_plugin(plugin_1_0 plugin.c 1_0)
add_matrix_plugin(plugin_next plugin.c next)
add_matrix_plugin(plugin_for_1_0 plugin.c next TENANTRY_ABI_TARGET=0)
add_matrix_plugin(plugin_needs_next plugin.c next MIN_HOST_MINOR=1)
foreach(header 1_0 next)
  add_matrix_plugin(sdk_${header} sdk_plugin.cpp ${header})
  target_link_libraries(abi_sdk_${header} PRIVATE tenantry_sdk)
  target_link_options(abi_sdk_${header} PRIVATE -Wl,--exclude-libs,ALL)
  add_executable(abi_host_${header} matrix/host.c)
  target_include_directories(abi_host_${header} PRIVATE ${headers}/${header})
  target_link_libraries(abi_host_${header} PRIVATE tenantry_warnings ${CMAKE_DL_LIBS})
endforeach()

# add_meeting(<sentence> <host> <plugin> <line>): the host prints exactly that line about the engine.
function(add_meeting sentence host plugin line)
  add_test(NAME "abi: ${sentence}" COMMAND ${CMAKE_COMMAND} -DHOST=$<TARGET_FILE:abi_host_${host}>
           -DPLUGIN=$<TARGET_FILE:abi_${plugin}> "-DLINE=${line}" -P ${CMAKE_CURRENT_SOURCE_DIR}/matrix/meeting.cmake)
endfunction()
set(plain [[run 1 {"counted":0,"locale":"absent"}, 1 event, counted 0]])
set(everything [[run 1 {"counted":1,"locale":"sw"}, 1 event, counted 2, estimate 1 {"seconds":3}, described: knows 1.1]])
set(nothing_new ", estimate 9 , described: no")
add_meeting("a 1.0 host runs a 1.0 engine" 1_0 plugin_1_0 "host 1.0, plugin 1.0: ${plain}")
add_meeting("a 1.0 host runs a next engine, which does without the news" 1_0 plugin_next
  "host 1.0, plugin 1.1: ${plain}")
add_meeting("a next host runs a 1.0 engine, and finds nothing new" next plugin_1_0
  "host 1.1, plugin 1.0: ${plain}${nothing_new}")
add_meeting("a next host and a next engine use everything" next plugin_next "host 1.1, plugin 1.1: ${everything}")
add_meeting("a 1.0 host refuses an engine that needs the next" 1_0 plugin_needs_next
  "host 1.0, plugin 1.1: refused, it needs 1.1")
add_meeting("a next host takes an engine that needs it" next plugin_needs_next "host 1.1, plugin 1.1: ${everything}")
add_meeting("the next header aimed at 1.0 makes a 1.0 engine" next plugin_for_1_0
  "host 1.1, plugin 1.0: ${plain}${nothing_new}")
add_meeting("a 1.0 host runs an engine of the SDK" 1_0 sdk_1_0 "host 1.0, plugin 1.0: ${plain}")
add_meeting("a 1.0 host runs an engine of the SDK on the next header" 1_0 sdk_next "host 1.0, plugin 1.1: ${plain}")
add_meeting("a next host runs an engine of the SDK" next sdk_1_0 "host 1.1, plugin 1.0: ${plain}${nothing_new}")
add_meeting("a next host runs an engine of the SDK on the next header" next sdk_next
  "host 1.1, plugin 1.1: ${plain}${nothing_new}")

# What is new is out of reach for whoever aims at 1.0: the compiler says so.
foreach(word TENANTRY_OP_ESTIMATE "&((const tenantry_host*)0)->count" "&((const tenantry_call*)0)->locale"
        "&((const tenantry_plugin*)0)->describe")
  string(MAKE_C_IDENTIFIER "${word}" name)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/news/${name}.c
    CONTENT "#include <abi.h>\nlong news(void) { return (long)(${word}); }\n")
  string(REGEX MATCH "[A-Za-z_]+$" word "${word}")
  foreach(target 0 1)
    add_test(NAME "abi: ${word} for who aims at 1.${target}" COMMAND ${CMAKE_C_COMPILER} -fsyntax-only
             -DTENANTRY_ABI_TARGET=${target} -I${headers}/next ${CMAKE_CURRENT_BINARY_DIR}/news/${name}.c)
  endforeach()
  set_tests_properties("abi: ${word} for who aims at 1.0" PROPERTIES WILL_FAIL ON)
endforeach()

# The host of this tree, with the same engines.
add_executable(test_abi_host matrix/real_host.test.cpp)
target_link_libraries(test_abi_host PRIVATE tenantry_engine tenantry_abi tenantry_test_main tenantry_warnings)
target_compile_definitions(test_abi_host PRIVATE TEST_PLUGINS="${CMAKE_BINARY_DIR}/tests/abi")
add_dependencies(test_abi_host abi_plugin_1_0 abi_plugin_next abi_plugin_for_1_0 abi_plugin_needs_next)
catch_discover_tests(test_abi_host TEST_PREFIX "abi: " PROPERTIES TIMEOUT 60)
