# sp_test_certs: certificates and keys for tests, made once a build (see make-certs). The same as PEM
# files lie in SP_TEST_CERTS.
set(SP_TEST_CERTS ${CMAKE_BINARY_DIR}/test-certs)
if(NOT TARGET sp_test_certs)
    set(maker ${CMAKE_SOURCE_DIR}/tests/support/make-certs)
    set(roots_tool ${CMAKE_SOURCE_DIR}/tools/trust-bundle)
    add_custom_command(
        OUTPUT ${SP_TEST_CERTS}/certs.c ${SP_TEST_CERTS}/certs.h
        COMMAND /usr/bin/python3 ${maker} ${roots_tool} ${SP_TEST_CERTS}
        DEPENDS ${maker} ${roots_tool}
        COMMENT "Making the tests' certificates"
        VERBATIM)
    add_library(sp_test_certs STATIC ${SP_TEST_CERTS}/certs.c)
    target_include_directories(sp_test_certs PUBLIC ${SP_TEST_CERTS})
    target_link_libraries(sp_test_certs PUBLIC sp_base)
endif()
