/*
 * A console with a UART that a test holds in its hands.
 */
#ifndef SP_TEST_CONSOLE_SESSION_H
#define SP_TEST_CONSOLE_SESSION_H

#include "../base/cm.h"
#include "console/console.h"
#include "fake_sealpost.h"
#include "json_check.h"

#include <stdbool.h>
#include <string.h>

struct session {
    sp_time now;
    sp_time next;      /* what the last step returned */
    const char *input; /* what the UART has received and nobody has read */
    size_t input_n;
    size_t takes; /* bytes that the UART takes between two steps */
    size_t taken;
    char output[2000000]; /* all that was sent since the last session_clear */
    size_t output_n;
    unsigned steps;
    unsigned hangups;
    void (*meanwhile)(void); /* runs when the UART was read or written: a task that interrupts */
};
extern struct session session;

/* Setup and teardown of each test: a fresh fake and a console that has shown its prompt. */
int session_setup(void **state);
/* The console as after a reset, with the fake as it is. */
void session_restart(void);
/* Steps until nothing is left to do at this moment. */
void session_settle(void);
/* One step. */
void session_step(void);
void session_clear(void);
/* The line's other end leaves. */
void session_hang_up(void);
/* Types while the service computes: sp_console_keys does what it can, then the service goes on.
 * What was printed since. */
const char *session_type_meanwhile(const char *keys);
/* Types, settles; what was printed since. */
const char *session_type(const char *keys);
/* Enters a command line and returns its answer alone: without the echo and the prompt that follows.
 * Fails the test when no prompt follows. */
const char *session_ask(const char *line);
/* The same with ` json` behind it: the document, which is checked to be one line of valid JSON. */
const char *session_json(const char *line);
/* Fails when a line is wider than a terminal of 80 columns, or a byte steers it. Returns answer. */
const char *session_narrow(const char *answer);
/* Lets time pass in steps that the console asks for. */
void session_wait(sp_time ms);

#define assert_json(document, path, expected)                                                      \
    do {                                                                                           \
        char value_[6000];                                                                         \
        assert_string_equal(json_at(document, path, value_, sizeof value_), expected);             \
    } while (0)
#define assert_has(text, part)                                                                     \
    do {                                                                                           \
        if (strstr(text, part) == NULL)                                                            \
            fail_msg("\"%s\" is not in:\n%s", part, text);                                         \
    } while (0)
#define assert_has_not(text, part)                                                                 \
    do {                                                                                           \
        if (strstr(text, part) != NULL)                                                            \
            fail_msg("\"%s\" is in:\n%s", part, text);                                             \
    } while (0)
#define session_test(name) cmocka_unit_test_setup(name, session_setup)

#endif
