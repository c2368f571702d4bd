/* The session: slow UARTs, long answers, completion, noise. */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>

/* --- output --- */

static void slow_uart_gets_the_same_bytes(void **state)
{
    static char fast[200000];

    (void)state;
    fake.domains = 50;
    (void)snprintf(fast, sizeof fast, "%s", session_type("status\rdomain json\rhelp\r"));
    session.takes = 1;
    assert_string_equal(session_type("status\rdomain json\rhelp\r"), fast);
    assert_true(session.steps >= strlen(fast));
}

static void full_uart_is_asked_again_soon(void **state)
{
    (void)state;
    session.takes = 0;
    session.input = "status\r";
    session.input_n = 7;
    session_clear();
    session_settle();
    assert_string_equal(session.output, "");
    assert_int_equal(session.next, session.now + 10);
    assert_false(sp_console_idle());
    session.takes = 100000;
    session_wait(20);
    assert_has(session.output, "Health");
    assert_int_equal(session.next, SP_NEVER);
    assert_true(sp_console_idle());
}

static void thousand_domains_stream(void **state)
{
    const char *answer;
    unsigned n = 0;

    (void)state;
    fake.domains = 1000;
    answer = session_json("domain");
    assert_true(session.steps > 10); /* never all in one step */
    for (const char *p = answer; (p = strstr(p, "\"domain\":")) != NULL; p++) {
        n++;
    }
    assert_int_equal(n, 1000);
    assert_json(answer, "domains.999.domain", "\"d999.example.test\"");
    assert_json(session_json("status"), "domain_list.999.domain", "\"d999.example.test\"");
    assert_has(session_ask("domain"), "d999.example.test ");
}

static void ctrl_c_ends_a_long_list(void **state)
{
    (void)state;
    fake.domains = 1000;
    session_clear();
    session.takes = 10;
    session.input = "domain\r";
    session.input_n = 7;
    for (int i = 0; i < 300; i++) {
        session_step();
    }
    session.input = "\x03time\r";
    session.input_n = 6;
    session.takes = 1000;
    session_settle();
    assert_has(session.output, "^C\r\nsealpost> time\r\nTime ");
    assert_has_not(session.output, "d999");
}

static void ctrl_c_ends_a_long_text(void **state)
{
    (void)state;
    memset(fake.policy, 'w', 4600);
    session_clear();
    session.takes = 100;
    session.input = "domain show example.test json\r";
    session.input_n = strlen(session.input);
    while (strstr(session.output, "wwwww") == NULL) {
        session_step();
    }
    session.input = "\x03";
    session.input_n = 1;
    session_settle();
    assert_has(session.output, "w\r\n^C\r\nsealpost> ");
    assert_true(session.output_n < 2000);
}

static void silent_search_is_not_idle(void **state)
{
    (void)state;
    fake.domains = fake.status.domains = 1000; /* none in trouble: nothing to be printed */
    session.input = "status\r";
    session.input_n = 7;
    for (int i = 0; i < 4; i++) {
        session_step();
    }
    assert_int_equal(session.next, session.now);
    assert_false(sp_console_idle());
    session_settle();
    assert_true(sp_console_idle());
}

static void output_is_not_idle_while_a_command_tells(void **state)
{
    (void)state;
    session.takes = 1;
    session.input = "reboot\r";
    session.input_n = 7;
    while (fake.reboots == 0) {
        session_step();
    }
    assert_false(sp_console_idle()); /* "Restarting." is still to be said */
    session_clear();
    session_settle();
    assert_has(session.output, "Restarting.");
    assert_true(sp_console_idle());
}

static void no_uart_is_no_console(void **state)
{
    (void)state;
    sp_console_start(NULL);
    assert_int_equal(sp_console_step(5), SP_NEVER);
    assert_true(sp_console_idle());
}

/* --- keys --- */

static void empty_lines_give_the_prompt_again(void **state)
{
    (void)state;
    assert_string_equal(session_type("\r\r\n   \n"),
                        "\r\nsealpost> \r\nsealpost>    \r\nsealpost> ");
}

static void keys_typed_while_a_command_runs_come_after_it(void **state)
{
    (void)state;
    fake.check_after = 3;
    (void)session_type("check example.test\r");
    (void)session_type("tim");
    session_wait(1000);
    (void)session_type("e\r");
    assert_has(session.output, "e\r\nTime ");
}

static void many_commands_at_once_are_all_run(void **state)
{
    static char keys[20000];
    const char *p;
    unsigned n = 0;

    (void)state;
    for (int i = 0; i < 200; i++) {
        (void)snprintf(keys + strlen(keys), sizeof keys - strlen(keys),
                       "enable example.test json\r\n");
    }
    p = session_type(keys);
    while ((p = strstr(p, "{\"ok\":true")) != NULL) {
        p++;
        n++;
    }
    assert_int_equal(n, 200);
}

static void long_line_is_not_run_but_kept(void **state)
{
    static char line[3000];

    (void)state;
    (void)snprintf(line, sizeof line, "domain add a.test mx ");
    memset(line + strlen(line), 'x', 1500);
    line[1600] = '\r';
    line[1601] = '\0';
    memset(line + 21, 'y', 1579);
    assert_has(session_type(line), "The line is longer than 1023 bytes and was not run");
    assert_string_equal(fake.added, "");
    assert_has(session_type("\x1b[A"), "domain add a.test mx yyy");
    (void)session_type("\x03");
    assert_has(session_ask("time"), "Time ");
}

static void ctrl_c_gives_a_fresh_prompt(void **state)
{
    (void)state;
    assert_string_equal(session_type("reboot\x03"), "reboot^C\r\nsealpost> ");
    assert_string_equal(session_type("\r"), "\r\nsealpost> ");
    assert_int_equal(fake.reboots, 0);
}

static void history_survives_commands(void **state)
{
    (void)state;
    (void)session_ask("enable example.test");
    (void)session_ask("time");
    (void)session_type("\x1b[A\x1b[A\r");
    assert_has(session.output, "Senders accept the policy");
}

/* --- completion --- */

static const struct {
    const char *keys, *added;
} completions[] = {
    {"sta\t", "tus "},
    {"dom\t", "ain "},
    {"domain s\t", ""},
    {"domain se\t", "t "},
    {"factory\t", "-reset "},
    {"ne\t", "t "},
    {"net st\t", "atic "},
    {"trust r\t", "emove "},
    {"x\t", "\a"},
    {"time now\t", "\a"},
    {"help do\t", "main "},
    {"help domain a\t", "dd "},
    {"help domain add x\t", "\a"},
    {"dns exa\t", "mple.test "},
    {"dns  exa\t", "mple.test "},
    {"domain show d1\t", ".example.test "},
    {"enable d\t", ""},
    {"dns example.test \t", "\a"},
    {"domain set example.test mo\t", "de "},
    {"domain set example.test mode en\t", "force "},
    {"domain add example.test mx a.test ma\t", "x-age "},
    {"domain set example.test max-age \t", "\a"},
    {"domain set example.test rua \t", "here "},
    {"reports exa\t", "mple.test "},
    {"domain add exam\t", "ple.test "},
    {"domain set example.test mode enforce fo\t", "rce "},
    {"promote exam\t", "ple.test "},
    {"promote example.test \t", "force "},
    {"promote example.test force \t", "\a"},
    {"disable example.test \t", "now "},
    {"auto example.test o\t", "ff "},
};

static void tab_completes(void **state)
{
    (void)state;
    fake.domains = 3;
    for (size_t i = 0; i < COUNT(completions); i++) {
        char expected[100];

        (void)session_type(completions[i].keys);
        if (completions[i].added[0] != '\0') { /* else: a list */
            (void)snprintf(expected, sizeof expected, "%.*s%s",
                           (int)(strlen(completions[i].keys) - 1), completions[i].keys,
                           completions[i].added);
            assert_string_equal(session.output, expected);
        }
        (void)session_type("\x03");
    }
}

static void tab_lists_when_there_are_several(void **state)
{
    (void)state;
    assert_string_equal(session_type("domain s\t"), "domain s\r\nshow                set\r\n"
                                                    "sealpost> domain s");
    (void)session_type("\x03");
    assert_string_equal(session_type("net \t"),
                        "net \r\ndhcp                static              ntp                 "
                        "public\r\nsealpost> net ");
    (void)session_type("\x03");
    assert_has(session_type("\t"), "\r\nstatus              net                 ca");
    assert_has_not(session.output, "net                 net");
}

static void tab_completes_what_candidates_have_in_common(void **state)
{
    (void)state;
    fake.domains = 300;
    assert_string_equal(session_type("dns d29\t"),
                        "dns d29\r\nd29.example.test    "
                        "d290.example.test   d291.example.test   d292.example.test\r\n"
                        "d293.example.test   d294.example.test   d295.example.test   "
                        "d296.example.test\r\nd297.example.test   d298.example.test   "
                        "d299.example.test\r\nsealpost> dns d29");
    assert_string_equal(session_type("0\t"), "0.example.test ");
    (void)session_type("\x03");
    assert_has(session_type("dns \t"), "...\r\nsealpost> dns "); /* sixty are enough */
    (void)session_type("\x03");
    fake.domains = 0;
    assert_string_equal(session_type("dns \t"), "dns \a");
}

static void tab_in_an_answer_rings(void **state)
{
    (void)state;
    assert_has(session_type("domain remove example.test\rye\t"), "yes/no ye\a");
}

/* --- noise --- */

static void random_bytes_do_no_harm(void **state)
{
    static char keys[2000];

    (void)state;
    srand(3);
    fake.domains = 20;
    for (int round = 0; round < 300; round++) {
        static const char *const words[] = {"domain ", "example.test ", "json\r",      "\t",
                                            "\x03",    "check ",        "trust add\r", ".\r",
                                            "yes\r",   "\x1b[A",        "status ",     "\r"};
        size_t n = 0;

        fake.check_after = (unsigned)rand() % 5;
        while (n < sizeof keys - 20) {
            const char *word = words[(unsigned)rand() % COUNT(words)];
            char byte[2] = {(char)(rand() % 255 + 1), '\0'};

            n += (size_t)snprintf(keys + n, 20, "%s", rand() % 3 == 0 ? byte : word);
        }
        session.takes = (size_t)(rand() % 50 + 1);
        session_clear();
        session.input = keys;
        session.input_n = strlen(keys);
        session_settle();
        session_wait(500);
    }
    session.takes = 100000;
    (void)session_type("\x03\r\x03");
    assert_has_not(session_ask("log 1000"), "an answer was cut");
}

static void a_hangup_ends_the_line_that_was_being_typed(void **state)
{
    (void)state;
    (void)session_type("reb");
    session_hang_up();
    (void)session_type("oot\r");
    assert_int_equal(fake.reboots, 0);
    assert_has(session.output, "`oot` is not a command");
}

static void a_hangup_signs_out_and_forgets_the_lines(void **state)
{
    (void)state;
    (void)session_type("time\rpassword set\rsecret\rsecret\r");
    session_hang_up();
    assert_has_not(session_type("time\r"), "Time");
    session_wait(2000);
    assert_has(session_type("secret\r"), "sealpost> ");
    assert_string_equal(session_type("\x1b[A\x1b[A"), "\x1b"
                                                      "7\x1b[999C\x1b[6n\x1b"
                                                      "8\a\a");
}

static void a_hangup_does_not_shorten_the_penalty(void **state)
{
    (void)state;
    (void)snprintf(fake.password, sizeof fake.password, "secret");
    session_restart();
    (void)session_type("wrong\rwrong\r");
    session_wait(1000);
    (void)session_type("wrong\r");
    session_hang_up();
    assert_has_not(session_type("secret\r"), "sealpost> ");
    session_wait(2000);
    assert_has(session_type("secret\r"), "sealpost> ");
}

static void a_hangup_ends_what_waits_for_an_answer_or_an_event(void **state)
{
    (void)state;
    (void)session_type("domain remove example.test\r");
    session_hang_up();
    assert_has(session_type("yes\r"), "`yes` is not a command");
    assert_string_equal(fake.removed, "");
    fake.agree_after = 1000;
    (void)session_type("ca agree\r");
    session_hang_up();
    assert_has(session_type("time\r"), "Time");
}

/* The other end sent commands and left: `cat commands > socket`. */
static void leave(void)
{
    if (session.input_n == 0) {
        session.hangups = 1;
    }
}

static void commands_that_were_sent_before_a_hangup_are_run(void **state)
{
    (void)state;
    (void)session_type("password set\rsecret\rsecret\r");
    session.meanwhile = leave;
    fake.agree_after = 3;
    (void)session_type("enable example.test\rca agree\rreboot\rtim");
    session_wait(1000);
    session.meanwhile = NULL;
    assert_string_equal(fake.enabled, "example.test");
    assert_int_equal(fake.reboots, 1);
    assert_has_not(session_type("e\r"), "`time`");
    assert_has(session.output, "Wrong password; the next try is possible in 1 s.");
}

static void enter_alone_is_no_wrong_password(void **state)
{
    (void)state;
    (void)snprintf(fake.password, sizeof fake.password, "secret");
    session_restart();
    assert_string_equal(session_type("\r\r"), "\r\npassword: \r\npassword: ");
    assert_has(session_type("secret\r"), "sealpost> ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(slow_uart_gets_the_same_bytes),
        session_test(full_uart_is_asked_again_soon),
        session_test(thousand_domains_stream),
        session_test(ctrl_c_ends_a_long_list),
        session_test(ctrl_c_ends_a_long_text),
        session_test(silent_search_is_not_idle),
        session_test(output_is_not_idle_while_a_command_tells),
        session_test(no_uart_is_no_console),
        session_test(empty_lines_give_the_prompt_again),
        session_test(keys_typed_while_a_command_runs_come_after_it),
        session_test(many_commands_at_once_are_all_run),
        session_test(long_line_is_not_run_but_kept),
        session_test(ctrl_c_gives_a_fresh_prompt),
        session_test(history_survives_commands),
        session_test(tab_completes),
        session_test(tab_lists_when_there_are_several),
        session_test(tab_completes_what_candidates_have_in_common),
        session_test(tab_in_an_answer_rings),
        session_test(random_bytes_do_no_harm),
        session_test(a_hangup_ends_the_line_that_was_being_typed),
        session_test(a_hangup_signs_out_and_forgets_the_lines),
        session_test(a_hangup_does_not_shorten_the_penalty),
        session_test(a_hangup_ends_what_waits_for_an_answer_or_an_event),
        session_test(commands_that_were_sent_before_a_hangup_are_run),
        session_test(enter_alone_is_no_wrong_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
