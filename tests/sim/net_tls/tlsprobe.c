/* HTTP server and client of the firmware on a TAP, driven by lines on standard input:
 *
 *   get URL ADDRESS [report]   fetches, and says what became of it
 *   memory                     the TLS pool's numbers
 *   quit
 *
 * It serves mta-sts.example.net on ports 80 and 443. The time of day is that of the tests'
 * certificates. */
#include "base/log.h"
#include "base/port.h"
#include "certs.h"
#include "host_clock/host_clock.h"
#include "host_entropy/host_entropy.h"
#include "net/dns.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/net.h"
#include "net/trust.h"
#include "tap/tap.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct sp_host_clock host_clock;
static struct sp_tap tap;
static bool quit;

static char url[SP_URL_MAX];
static struct sp_http_call call;
static bool calling;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

/* The server's side */

static int lookup(void *ctx, const char *name, struct sp_tls_identity *out)
{
    (void)ctx;
    if (strcmp(name, "mta-sts.example.net") != 0) {
        return SP_E_NOT_FOUND;
    }
    *out = (struct sp_tls_identity){.key = key_leaf, .chain = {cert_leaf, cert_inter}, .links = 2};
    return 0;
}

static void handler(void *ctx, const struct sp_http_request *request,
                    struct sp_http_response *response)
{
    (void)ctx;
    response->status = 404;
    response->content_type = "text/plain";
    if (sp_span_is(request->path, "/.well-known/mta-sts.txt")) {
        response->status = 200;
        sp_buf_puts(response->body, "version: STSv1\nmode: none\nmx: mx.example.net\n"
                                    "max_age: 86400\n");
    } else if (sp_span_is(request->path, "/big")) {
        response->status = 200;
        for (int i = 0; i < SP_POLICY_TEXT_MAX; i++) {
            sp_buf_putc(response->body, 'b');
        }
    }
}

/* The client's side */

static int read_bundle(struct sp_hal_blob *blob, uint32_t offset, void *buf, size_t n)
{
    (void)blob;
    memcpy(buf, test_bundle.p + offset, n);
    return 0;
}

static size_t body_n;
static uint32_t body_sum;

/* Bodies may be larger than the client keeps. */
static int sum_up(void *ctx, int status, struct sp_span piece, struct sp_buf *body)
{
    (void)ctx;
    (void)status;
    (void)body;
    body_n += piece.n;
    for (size_t i = 0; i < piece.n; i++) {
        body_sum = body_sum * 31 + piece.p[i];
    }
    return 0;
}

static void start_call(char **words, sp_time now)
{
    (void)snprintf(url, sizeof url, "%s", words[1]);
    call =
        (struct sp_http_call){.method = "GET", .url = url, .timeout_ms = 20000, .filter = sum_up};
    body_n = 0;
    body_sum = 0;
    call.verify = words[3] != NULL ? SP_TLS_VERIFY_REPORT : SP_TLS_VERIFY;
    (void)sp_addr_parse(sp_span_str(words[2]), &call.address);
    calling = sp_http_call_start(&call, now) == 0;
    if (!calling) {
        say("result refused");
    }
}

static void show_result(void)
{
    const struct sp_http_result *result = sp_http_call_result(&call);

    if (!calling || result == NULL) {
        return;
    }
    calling = false;
    say("result err=%d stage=%s status=%d body=%zu sum=%u verify=%d version=%s words=%s",
        result->result, result->stage, result->status, body_n, (unsigned)body_sum,
        result->tls_report.verify, result->tls_report.version, result->detail);
}

/* Commands and the loop */

static void run_line(char *line, sp_time now)
{
    char *words[5] = {0};
    char *rest = NULL;
    int n = 0;

    for (char *w = strtok_r(line, " \n", &rest); w != NULL && n < 4;
         w = strtok_r(NULL, " \n", &rest)) {
        words[n++] = w;
    }
    if (n >= 3 && strcmp(words[0], "get") == 0) {
        start_call(words, now);
    } else if (n == 1 && strcmp(words[0], "memory") == 0) {
        struct sp_pool_use use = sp_port_use(SP_POOL_TLS);

        say("memory used=%zu peak=%zu servers=%u busy=%u", use.used, use.peak,
            sp_tls_stats().servers, sp_http_server_stats().busy);
    } else {
        quit = true;
    }
}

static void read_commands(sp_time now)
{
    static char line[1024];
    static size_t have;
    ssize_t n = read(STDIN_FILENO, line + have, sizeof line - have - 1);
    char *end;

    if (n <= 0) {
        quit = true;
        return;
    }
    have += (size_t)n;
    line[have] = '\0';
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        run_line(line, now);
        have -= (size_t)(end + 1 - line);
        memmove(line, end + 1, have + 1);
    }
}

static sp_time now_ms(void)
{
    return host_clock.clock.mono_ms(&host_clock.clock);
}

static sp_time step(sp_time now)
{
    sp_time next = sp_net_step(now);

    next = sp_time_min(next, sp_dns_step(now));
    next = sp_time_min(next, sp_http_client_step(now));
    return sp_time_min(next, sp_http_server_step(now));
}

static void loop(void)
{
    while (!quit) {
        struct pollfd fds[2] = {{.fd = tap.fd, .events = POLLIN},
                                {.fd = STDIN_FILENO, .events = POLLIN}};
        sp_time next = step(now_ms());
        sp_time after = now_ms();

        show_result();
        poll(fds, 2, next == SP_NEVER ? -1 : next <= after ? 0 : (int)(next - after));
        if (fds[1].revents != 0) {
            read_commands(now_ms());
        }
    }
}

static int start(const char *interface, const char *address)
{
    static const uint8_t mac[6] = {0x02, 0, 0, 0, 0, 0x10};
    static struct sp_hal_blob blob = {.read = read_bundle};
    struct sp_net_config config = {0};

    sp_host_clock_start(&host_clock);
    sp_port_bind(&host_clock.clock, &sp_host_entropy, NULL);
    sp_port_set_utc(CERTS_NOW, now_ms());
    blob.size = (uint32_t)test_bundle.n;
    sp_trust_start(&blob, NULL, NULL);
    if (sp_tap_open(&tap, interface, mac) != 0 || sp_tls_start() != 0 ||
        sp_addr_parse_prefix(sp_span_str(address), &config.address, &config.prefix) != 0) {
        return -1;
    }
    if (sp_net_start(&tap.nic, &config) != 0 || sp_dns_start() != 0 ||
        sp_http_serve(80, NULL, handler, NULL) != 0 ||
        sp_http_serve(443, lookup, handler, NULL) != 0) {
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3 || start(argv[1], argv[2]) != 0) {
        fprintf(stderr, "usage: tlsprobe TAP ADDRESS/PREFIX\n");
        return 1;
    }
    say("started");
    loop();
    sp_tap_close(&tap);
    return 0;
}
