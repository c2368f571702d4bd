# How our own code is compiled, and how a room is declared.
#
# A room is a folder with one static library. What it may know is what it links to: a wrong arrow
# (docs/architecture.md) does not find its header and fails to build.

if(SEALPOST_SANITIZE)
    add_compile_options(-fsanitize=${SEALPOST_SANITIZE} -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${SEALPOST_SANITIZE})
endif()

add_library(sp_warnings INTERFACE)
target_compile_options(sp_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual
    -Wcast-align=strict -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wstrict-prototypes
    -Wmissing-prototypes -Wswitch-enum -Wimplicit-fallthrough=5 -Wnull-dereference
    -Wdouble-promotion -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Walloca
    $<$<BOOL:${CMAKE_CROSSCOMPILING}>:-Wstack-usage=1024>
    $<$<BOOL:${SEALPOST_WERROR}>:-Werror>
    $<$<BOOL:${SEALPOST_ANALYZE}>:-fanalyzer>)

if(SEALPOST_ANALYZE)
    find_program(SEALPOST_CPPCHECK cppcheck REQUIRED)
endif()

function(sp_own_code target)
    target_link_libraries(${target} PRIVATE sp_warnings)
    if(SEALPOST_ANALYZE)
        set_target_properties(${target} PROPERTIES C_CPPCHECK
            "${SEALPOST_CPPCHECK};--enable=warning,performance,portability;--inline-suppr;--quiet;--error-exitcode=1;--suppress=*:${CMAKE_SOURCE_DIR}/build/*")
    endif()
endfunction()

# sp_room(name SOURCES a.c … [PUBLIC other rooms] [PRIVATE other rooms and libraries])
# The folder itself is the include path: users write #include "room/header.h".
function(sp_room name)
    cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
    add_library(sp_${name} STATIC ${ARG_SOURCES})
    # Only this room's headers become visible, under build/include/<room>/…, so that an include of
    # a room that is not linked fails.
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/include/${name})
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_BINARY_DIR}/include/${name}/${name}
         SYMBOLIC)
    target_include_directories(sp_${name} PUBLIC ${CMAKE_BINARY_DIR}/include/${name})
    target_link_libraries(sp_${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
    sp_own_code(sp_${name})
endfunction()

# sp_test(name LABEL unit|sim SOURCES a.c … LINKS targets …): one cmocka program, one ctest entry.
function(sp_test name)
    cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LINKS;ARGS" ${ARGN})
    add_executable(test_${name} ${ARG_SOURCES})
    target_link_libraries(test_${name} PRIVATE ${ARG_LINKS} cmocka)
    sp_own_code(test_${name})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    add_test(NAME ${name} COMMAND test_${name} ${ARG_ARGS})
    set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()
