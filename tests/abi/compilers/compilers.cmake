# Every compiler of Debian that is here takes the contract and the SDK, and what it makes is an engine. The compiler of
# this build is among them under its own name.
set(missing "")
set(tried_libcxx OFF)
foreach(name g++-11 g++-12 g++-13 g++-14 g++-15 clang++-13 clang++-14 clang++-15 clang++-16 clang++-17 clang++-18
        clang++-19 clang++-20 clang++-21 clang++-22)
  string(REGEX REPLACE "^g\\+\\+" "gcc" c ${name})
  string(REGEX REPLACE "^clang\\+\\+" "clang" c ${c})
  find_program(TENANTRY_${name} ${name})
  find_program(TENANTRY_${c} ${c})
  mark_as_advanced(TENANTRY_${name} TENANTRY_${c})
  if(NOT TENANTRY_${name} OR NOT TENANTRY_${c})
    list(APPEND missing ${name})
    continue()
  endif()
  set(variants "as it is")
  if(name MATCHES "clang" AND NOT tried_libcxx)  # once is enough
    execute_process(COMMAND ${TENANTRY_${name}} -stdlib=libc++ -fsyntax-only -x c++ -include string /dev/null
                    RESULT_VARIABLE without ERROR_QUIET)
    if(without EQUAL 0)
      list(APPEND variants libc++)
      set(tried_libcxx ON)
    endif()
  endif()
  foreach(variant IN LISTS variants)
    set(title "an engine built by ${name}")
    set(options "")
    if(variant STREQUAL libc++)
      string(APPEND title " with libc++")
      set(options -stdlib=libc++)
    endif()
    string(MAKE_C_IDENTIFIER "${name} ${variant}" folder)
    add_test(NAME "abi: ${title} in C++17, 20 and 23 loads and answers"
      COMMAND ${CMAKE_COMMAND} -DCXX=${TENANTRY_${name}} -DC=${TENANTRY_${c}} -DOPTIONS=${options}
              -DHOST=$<TARGET_FILE:abi_host_1_0> -DSDK=${PROJECT_SOURCE_DIR}/sdk -DTESTS=${CMAKE_CURRENT_SOURCE_DIR}
              -DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/compilers/${folder}
              -P ${CMAKE_CURRENT_SOURCE_DIR}/compilers/compiler.cmake)
    set_tests_properties("abi: ${title} in C++17, 20 and 23 loads and answers" PROPERTIES TIMEOUT 300)
  endforeach()
endforeach()
list(JOIN missing " " missing)
message(STATUS "Compilers that are not here, so no engine is built with them: ${missing}")
