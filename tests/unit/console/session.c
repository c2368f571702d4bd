#include "session.h"

#include "console/glyph.h"

#include <stdio.h>

struct session session;

static void let_others_run(void)
{
    if (session.meanwhile != NULL) {
        session.meanwhile();
    }
}

static size_t uart_read(struct sp_hal_uart *uart, void *buf, size_t n)
{
    (void)uart;
    if (n > session.input_n) {
        n = session.input_n;
    }
    if (n > 0) {
        memcpy(buf, session.input, n);
    }
    session.input += n;
    session.input_n -= n;
    let_others_run();
    return n;
}

static size_t uart_write(struct sp_hal_uart *uart, const void *buf, size_t n)
{
    size_t room = session.takes - session.taken;

    (void)uart;
    if (n > room) {
        n = room;
    }
    assert_true(session.output_n + n < sizeof session.output);
    memcpy(session.output + session.output_n, buf, n);
    session.output_n += n;
    session.output[session.output_n] = '\0';
    session.taken += n;
    let_others_run();
    return n;
}

static unsigned uart_hangups(struct sp_hal_uart *uart)
{
    (void)uart;
    return session.hangups;
}

static const struct sp_hal_uart_ops ops = {
    .read = uart_read, .write = uart_write, .hangups = uart_hangups};
static struct sp_hal_uart uart = {.ops = &ops};

void session_step(void)
{
    session.taken = 0;
    session.next = sp_console_step(session.now);
    assert_true(session.next >= session.now);
    session.steps++;
}

/* A UART that was full is asked again without letting time pass. */
void session_settle(void)
{
    size_t before;

    do {
        before = session.output_n + session.input_n;
        session_step();
    } while (session.next == session.now || session.output_n + session.input_n != before ||
             session.taken > 0);
}

void session_clear(void)
{
    session.output_n = 0;
    session.output[0] = '\0';
    session.steps = 0;
}

void session_restart(void)
{
    sp_console_start(&uart);
    session_settle();
}

int session_setup(void **state)
{
    (void)state;
    fake_reset();
    memset(&session, 0, sizeof session);
    session.now = 1000;
    session.takes = 100000;
    session_restart();
    return 0;
}

const char *session_type(const char *keys)
{
    session_clear();
    session.input = keys;
    session.input_n = strlen(keys);
    session_settle();
    assert_int_equal(session.input_n, 0);
    return session.output;
}

void session_hang_up(void)
{
    session.hangups++;
    session_settle();
}

const char *session_type_meanwhile(const char *keys)
{
    session_clear();
    session.input = keys;
    session.input_n = strlen(keys);
    while (session.input_n > 0) {
        size_t before;

        do {
            session.taken = 0;
            before = session.input_n;
        } while (sp_console_keys() && session.input_n < before);
        session_settle();
    }
    return session.output;
}

const char *session_ask(const char *line)
{
    static char keys[4096];
    static const char prompt[] = "sealpost> ";
    char *answer;
    char *end;

    (void)snprintf(keys, sizeof keys, "%s\r", line);
    (void)session_type(keys);
    answer = strstr(session.output, "\r\n");
    assert_non_null(answer);
    answer += 2;
    assert_true(session.output_n >= sizeof prompt - 1);
    end = session.output + session.output_n - (sizeof prompt - 1);
    assert_string_equal(end, prompt);
    *end = '\0';
    return answer;
}

const char *session_json(const char *line)
{
    static char with_json[4096];
    char *document;
    size_t n;

    (void)snprintf(with_json, sizeof with_json, "%s json", line);
    document = session.output + (session_ask(with_json) - session.output);
    n = strlen(document);
    assert_true(n > 2);
    assert_string_equal(document + n - 2, "\r\n");
    document[n - 2] = '\0';
    assert_null(strchr(document, '\n'));
    if (!json_is_valid(document)) {
        (void)fprintf(stderr, "%s\n", document); /* cmocka would cut it */
    }
    assert_true(json_is_valid(document));
    return document;
}

void session_wait(sp_time ms)
{
    sp_time end = session.now + ms;

    while (session.now < end) {
        session.now = sp_time_min(end, session.next > session.now ? session.next : session.now + 1);
        session_settle();
    }
}

const char *session_narrow(const char *answer)
{
    for (const char *p = answer; *p != '\0'; p += strcspn(p, "\n") + 1) {
        size_t n = strcspn(p, "\r\n");

        for (size_t i = 0; i < n; i++) {
            assert_true((unsigned char)p[i] >= 0x20);
        }
        if (sp_glyph_count(p, n) >= 80) {
            fail_msg("wider than 79 columns: %.*s", (int)n, p);
        }
        assert_int_equal(p[n], '\r');
    }
    return answer;
}
