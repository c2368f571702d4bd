/*
 * Keys that are typed while the service computes: sp_console_keys in place of the service's step.
 */
#include "session.h"

#include <stdio.h>

#define LEFT "\x1b[D"
#define RIGHT "\x1b[C"
#define UP "\x1b[A"
#define DOWN "\x1b[B"

/* Ends each: what the line has become. */
#define ENTER "\r"

static const char *const typed[] = {
    "time" ENTER,
    "tmie" LEFT LEFT "\x7f" RIGHT "m" ENTER,
    "xtime"
    "\x01\x1b[3~"
    "\x05 json" ENTER,
    "time x"
    "\x17"
    "json" ENTER,
    "time json and more"
    "\x02\x02\x02\x02\x02\x02\x02\x02\x02\x0b" ENTER,
    "nonsense"
    "\x15"
    "time" ENTER,
    "time" ENTER UP ENTER,
    "time" ENTER "ca" ENTER "draft" UP UP DOWN DOWN "\x15"
    "ca" ENTER,
    "time" ENTER "\x10\x0e\x10" ENTER,
    "tim"
    "\x1b[H"
    "\x06"
    "\x1b[F"
    "e" ENTER,
    "time\x0c" ENTER,
    "dom\t\t"
    "show exam\t" ENTER,
    "time\x03"
    "ca" ENTER,
    "\x04"
    "time" ENTER,
    "\xc3\xa4\x7f"
    "time\xff\xc3"
    "\x7f" ENTER,
    "\x1b[1;31Rtime"
    "\x1b[99~\x1bO"
    "H\x1b[4~" ENTER,
    "time\r\nca\r\n",
    "domain remove example.test" ENTER "no"
    "\x7f\x7f"
    "yes" ENTER,
    "domain remove example.test" ENTER "ye\x03",
    "password set" ENTER "secret" ENTER "secre\x7f"
    "et" ENTER "exit" ENTER "secret" ENTER "time" ENTER,
    "trust add" ENTER "-----BEGIN X-----" ENTER "AAAA" ENTER "\x03",
};

/* In a fresh session. */
static void type(const char *(*how)(const char *keys), const char *keys, char *out, size_t cap)
{
    void *state = NULL;

    (void)session_setup(&state);
    (void)snprintf(out, cap, "%s", how(keys));
}

static void every_key_does_what_it_does_in_a_step(void **state)
{
    static char plain[20000], meanwhile[20000];

    (void)state;
    for (size_t i = 0; i < COUNT(typed); i++) {
        type(session_type, typed[i], plain, sizeof plain);
        type(session_type_meanwhile, typed[i], meanwhile, sizeof meanwhile);
        assert_string_equal(meanwhile, plain);
    }
}

static void a_line_of_a_thousand_bytes_is_edited_as_in_a_step(void **state)
{
    static char plain[20000], meanwhile[20000], keys[1100];

    (void)state;
    memset(keys, 'a', sizeof keys - 1);
    type(session_type, keys, plain, sizeof plain);
    type(session_type_meanwhile, keys, meanwhile, sizeof meanwhile);
    assert_string_equal(meanwhile, plain);
}

static void give(const char *keys)
{
    session_clear();
    session.input = keys;
    session.input_n = strlen(keys);
    session.taken = 0;
}

static void what_is_typed_is_echoed_before_the_service_comes_back(void **state)
{
    (void)state;
    give("stat");
    assert_false(sp_console_keys());
    assert_string_equal(session.output, "stat");
    session_settle();
    assert_string_equal(session.output, "stat");
}

static void enter_waits_for_the_service_and_what_follows_does_too(void **state)
{
    (void)state;
    give("reboot\rtime");
    assert_false(sp_console_keys());
    assert_false(sp_console_keys());
    assert_int_equal(fake.reboots, 0);
    assert_string_equal(session.output, "reboot\r\n");
    assert_int_equal(session.input_n, 4);
    assert_false(sp_console_idle());
    session_settle();
    assert_int_equal(fake.reboots, 1);
    assert_has(session.output, "Restarting.\r\nsealpost> time");
}

static void no_more_than_32_bytes_are_taken_at_once(void **state)
{
    (void)state;
    give("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_true(sp_console_keys());
    assert_int_equal(session.output_n, 32);
    assert_false(sp_console_keys());
    assert_int_equal(session.output_n, 40);
}

static void a_password_does_not_show(void **state)
{
    (void)state;
    (void)snprintf(fake.password, sizeof fake.password, "secret");
    session_restart();
    give("secret\r");
    (void)sp_console_keys();
    assert_string_equal(session.output, "\r\n");
    session_settle();
    assert_has(session.output, "sealpost> ");
}

static void while_a_command_runs_keys_are_left_to_the_service(void **state)
{
    (void)state;
    fake.agree_after = 1000;
    (void)session_type("ca agree\r");
    give("time\r");
    assert_false(sp_console_keys());
    assert_int_equal(session.input_n, 5);
    assert_string_equal(session.output, "");
}

static void a_full_uart_is_waited_for(void **state)
{
    (void)state;
    give("ab");
    session.takes = 0;
    assert_true(sp_console_keys());
    assert_string_equal(session.output, "");
    session.takes = 100;
    while (sp_console_keys()) {
    }
    assert_string_equal(session.output, "ab");
}

static void a_key_keeps_the_session_open(void **state)
{
    (void)state;
    (void)session_type("password set\rsecret\rsecret\r");
    session_wait(899000);
    give("t");
    (void)sp_console_keys();
    session_wait(899000);
    assert_has_not(session.output, "Signed out");
    session_wait(2000);
    assert_has(session.output, "Signed out");
}

static unsigned kept_away;

static void interrupt(void)
{
    size_t before = session.input_n;

    assert_false(sp_console_keys());
    assert_int_equal(session.input_n, before);
    if (++kept_away == 50) {
        session.meanwhile = NULL;
    }
}

static void inside_a_step_nothing_happens(void **state)
{
    static const char keys[] = "tmie" LEFT LEFT "\x7f" RIGHT "m\rstatus\r";
    static char plain[20000];

    type(session_type, keys, plain, sizeof plain);
    (void)session_setup(state);
    kept_away = 0;
    session.meanwhile = interrupt;
    assert_string_equal(session_type(keys), plain);
    assert_int_equal(kept_away, 50);
}

/* The service has just been told that there is no byte. */
static void one_comes_late(void)
{
    session.meanwhile = NULL;
    session.input = "x";
    session.input_n = 1;
    assert_false(sp_console_keys());
}

static void a_byte_that_comes_at_the_end_of_a_step_is_not_left_to_the_next(void **state)
{
    (void)state;
    session_clear();
    session.meanwhile = one_comes_late;
    session_step();
    assert_string_equal(session.output, "x");
}

static void keys_of_whoever_comes_after_a_hangup_wait_for_the_service(void **state)
{
    (void)state;
    (void)session_type("reb");
    give("oot\r");
    session.hangups++;
    assert_false(sp_console_keys());
    assert_int_equal(session.input_n, 4);
    session_settle();
    assert_int_equal(fake.reboots, 0);
    assert_has(session.output, "`oot` is not a command");
}

static void before_the_start_nothing_happens(void **state)
{
    (void)state;
    sp_console_start(NULL);
    assert_false(sp_console_keys());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(every_key_does_what_it_does_in_a_step),
        session_test(a_line_of_a_thousand_bytes_is_edited_as_in_a_step),
        session_test(what_is_typed_is_echoed_before_the_service_comes_back),
        session_test(enter_waits_for_the_service_and_what_follows_does_too),
        session_test(no_more_than_32_bytes_are_taken_at_once),
        session_test(a_password_does_not_show),
        session_test(while_a_command_runs_keys_are_left_to_the_service),
        session_test(a_full_uart_is_waited_for),
        session_test(a_key_keeps_the_session_open),
        session_test(inside_a_step_nothing_happens),
        session_test(a_byte_that_comes_at_the_end_of_a_step_is_not_left_to_the_next),
        session_test(keys_of_whoever_comes_after_a_hangup_wait_for_the_service),
        session_test(before_the_start_nothing_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
