/* Signing in and out, and setting the password. */
#include "session.h"

#include "base/log.h"

#include <stdio.h>

static void sign_out(const char *password)
{
    (void)snprintf(fake.password, sizeof fake.password, "%s", password);
    assert_has(session_type("exit\r"), "exit\r\npassword: ");
}

static void password_is_asked_for_without_echo(void **state)
{
    (void)state;
    sign_out("s3cret");
    assert_string_equal(session_type("s3cret\r"), "\r\nsealpost> ");
    assert_has(session_ask("time"), "Time ");
}

static void nothing_runs_before_the_password(void **state)
{
    (void)state;
    sign_out("s3cret");
    assert_has(session_type("reboot\r"), "Wrong password");
    assert_int_equal(fake.reboots, 0);
    assert_has_not(session.output, "reboot");
    assert_has_not(session.output, "sealpost> ");
    session_wait(1000);
    assert_string_equal(session_type("\t\x04\x03"), "\a^C\r\npassword: ");
}

static void delay_grows_with_wrong_passwords(void **state)
{
    static const unsigned delays[] = {1, 2, 4, 8, 16, 32, 60, 60};

    (void)state;
    sign_out("s3cret");
    for (size_t i = 0; i < COUNT(delays); i++) {
        char expected[100];

        (void)snprintf(expected, sizeof expected, "the next try is possible in %u s.", delays[i]);
        assert_has(session_type("wrong\r"), expected);
        assert_has_not(session.output, "password: ");
        assert_int_equal(session.next, session.now + delays[i] * 1000);
        session_wait(delays[i] * 1000 - 1);
        assert_has(session_type("s3cret\r"), ""); /* does not count */
        assert_has_not(session.output, "sealpost> ");
        session_wait(1);
        assert_has(session.output, "password: ");
    }
    assert_has(session_type("s3cret\r"), "sealpost> ");
    sign_out("s3cret");
    assert_has(session_type("wrong\r"), "possible in 1 s.");
}

static void wrong_passwords_are_logged_without_what_was_typed(void **state)
{
    struct sp_log_line line;

    (void)state;
    sign_out("s3cret");
    (void)session_type("wr0ng\r");
    assert_int_equal(sp_log_get(sp_log_newest(), &line), 0);
    assert_string_equal(line.text, "wrong password, 1 in a row");
    assert_int_equal(line.level, SP_LOG_WARN);
}

static void removed_password_lets_everybody_in(void **state)
{
    (void)state;
    sign_out("s3cret");
    fake.password[0] = '\0';
    assert_string_equal(session_type("anything\r"), "\r\nsealpost> ");
}

static void password_that_is_set_meanwhile_lets_the_session_go_on(void **state)
{
    (void)state;
    (void)snprintf(fake.password, sizeof fake.password, "s3cret");
    assert_has(session_ask("time"), "Time ");
}

static void password_is_asked_for_at_start(void **state)
{
    (void)state;
    (void)snprintf(fake.password, sizeof fake.password, "s3cret");
    session_clear();
    session_restart();
    assert_string_equal(session.output, "\r\nSealpost " SEALPOST_VERSION
                                        " on sim; `help` lists the commands.\r\npassword: ");
}

static void password_set_asks_twice(void **state)
{
    (void)state;
    assert_string_equal(session_type("password set\rn3w\rn3w\r"),
                        "password set\r\nNew password: \r\nOnce more: \r\nThe password is set; the "
                        "console asks for it from the next sign-in on.\r\nsealpost> ");
    assert_string_equal(fake.password, "n3w");
    assert_has(session_type("password\r"), "A password is set");
    assert_has(session_type("exit\rn3w\r"), "sealpost> ");
    (void)session_ask("password remove");
    assert_string_equal(fake.password, "");
}

static void password_set_refuses_what_differs_or_is_empty(void **state)
{
    (void)state;
    assert_has(session_type("password set\rone\rtwo\r"), "not changed: the two differ.");
    assert_has(session_type("password set\r\r"), "not changed: an empty one is none.");
    assert_has(session_type("password set\rone\r\x03"), "^C\r\nThe password was not changed.");
    assert_string_equal(fake.password, "");
    fake.fail = SP_E_INVALID;
    (void)snprintf(fake.sentence, sizeof fake.sentence, "Eight characters at least.");
    assert_has(session_type("password set\rone\rone\r"), "Eight characters at least.");
}

static void password_set_json_reads_one_line(void **state)
{
    (void)state;
    assert_string_equal(session_type("password set json\rn3w\r"),
                        "password set json\r\n{\"ok\":true}\r\nsealpost> ");
    assert_string_equal(fake.password, "n3w");
    assert_has(session_type("password json\r"), "{\"set\":true}");
}

static void secret_of_publishing_is_asked_for_without_echo(void **state)
{
    (void)state;
    assert_string_equal(
        session_type("publish server 192.0.2.53 key name zone a.test port 5353\rs3cret\r"),
        "publish server 192.0.2.53 key name zone a.test port 5353\r\nSecret of the key (base64): "
        "\r\nKept; records are published from now on. `publish` tells how it goes.\r\nsealpost> ");
    assert_string_equal(fake.publish_secret, "s3cret");
    assert_string_equal(fake.publish.server, "192.0.2.53");
    assert_string_equal(fake.publish.key, "name");
    assert_string_equal(fake.publish.zone, "a.test");
    assert_int_equal(fake.publish.port, 5353);
    assert_string_equal(session_type("\x10"), "\a"); /* not in the history */
    assert_has(session_ask("publish"), "Key          name\r\n");
    assert_has_not(session.output, "s3cret");
    (void)session_ask("publish off");
    assert_string_equal(fake.publish.server, "");
}

static void secret_on_the_line_is_refused_and_not_kept(void **state)
{
    (void)state;
    assert_has(session_type("publish server 192.0.2.53 key name s3cret\r"), "secret is asked for.");
    assert_has_not(session.output, "`s3cret`");
    assert_string_equal(session_type("\x10"), "\a");
    assert_has(session_type("publish server 192.0.2.53 zone a.test\r"), "`key NAME`");
    assert_has(session_type("publish server 192.0.2.53 key n port 0\r"), "not right behind");
    assert_has(session_type("publish server 192.0.2.53 key n\r\x03"), "Nothing was changed.");
    assert_string_equal(fake.publish.server, "");
}

static void publish_now_waits_and_tells(void **state)
{
    (void)state;
    fake.publish_after = 2;
    assert_has_not(session_type("publish now example.test\r"), "as they should be");
    session_wait(50);
    assert_has_not(session.output, "as they should be");
    session_wait(50);
    assert_has(session.output, "All its records are as they should be");
    assert_string_equal(session_json("publish now example.test"), "{\"ok\":true}");
    fake.fail = SP_E_REFUSED;
    (void)snprintf(fake.sentence, sizeof fake.sentence, "The DNS server does not know the key.");
    assert_has(session_ask("publish now example.test"), "does not know the key.");
}

static void passwords_are_not_in_the_history(void **state)
{
    (void)state;
    (void)session_ask("time");
    (void)session_type("password hunter2\rpassword set\rn3w\rn3w\r");
    assert_string_equal(session_type("\x10"), "time\x1b[J");
}

static void idle_session_ends_after_15_minutes(void **state)
{
    (void)state;
    (void)snprintf(fake.password, sizeof fake.password, "s3cret");
    (void)session_type("time\rtim");
    assert_int_equal(session.next, session.now + 900000);
    session_wait(899999);
    assert_has_not(session.output, "password: ");
    session_wait(1);
    assert_has(session.output, "Signed out after 15 minutes without a key.\r\npassword: ");
    assert_int_equal(session.next, SP_NEVER);
    assert_has(session_type("s3cret\r"), "sealpost> ");
    assert_string_equal(session_type("\x10"), "\a"); /* the history is gone, too */
}

static void idle_question_and_wait_end_too(void **state)
{
    (void)state;
    (void)snprintf(fake.password, sizeof fake.password, "s3cret");
    (void)session_type("factory-reset\r");
    session_wait(900000);
    assert_has(session.output, "password: ");
    (void)session_type("s3cret\r");
    assert_int_equal(fake.resets, 0);
    fake.agree_after = 1000000;
    (void)session_type("ca agree\r");
    session_wait(900000);
    assert_has(session.output, "password: ");
}

static void session_without_password_never_ends(void **state)
{
    (void)state;
    session_clear();
    session_wait(10000000);
    assert_string_equal(session.output, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(password_is_asked_for_without_echo),
        session_test(nothing_runs_before_the_password),
        session_test(delay_grows_with_wrong_passwords),
        session_test(wrong_passwords_are_logged_without_what_was_typed),
        session_test(removed_password_lets_everybody_in),
        session_test(password_that_is_set_meanwhile_lets_the_session_go_on),
        session_test(password_is_asked_for_at_start),
        session_test(password_set_asks_twice),
        session_test(password_set_refuses_what_differs_or_is_empty),
        session_test(password_set_json_reads_one_line),
        session_test(passwords_are_not_in_the_history),
        session_test(secret_of_publishing_is_asked_for_without_echo),
        session_test(secret_on_the_line_is_refused_and_not_kept),
        session_test(publish_now_waits_and_tells),
        session_test(idle_session_ends_after_15_minutes),
        session_test(idle_question_and_wait_end_too),
        session_test(session_without_password_never_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
