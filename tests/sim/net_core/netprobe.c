/* The real network room on a TAP, driven by lines on standard input; see test_net.py.
 *
 * Each command is one line; what happens is told in lines on standard output, each beginning with a
 * word that says what it is about. The loop is the firmware's: every step tells when it wants to
 * run again, and nothing else makes it run but the TAP and standard input. */
#include "netprobe.h"

#include "base/log.h"
#include "base/port.h"
#include "host_clock/host_clock.h"
#include "host_entropy/host_entropy.h"
#include "tap/tap.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct sp_host_clock host_clock;
static struct sp_tap tap;
static bool quit;
static unsigned long steps; /* turns of the loop */

static int random_bytes(void *p, size_t n)
{
    return sp_host_entropy.read(&sp_host_entropy, p, n);
}

void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

unsigned long number(const char *text)
{
    return text != NULL ? strtoul(text, NULL, 10) : 0;
}

struct sp_addr address(const char *text)
{
    struct sp_addr addr;

    if (text == NULL || sp_addr_parse(sp_span_str(text), &addr) != 0) {
        memset(&addr, 0, sizeof addr);
    }
    return addr;
}

/* Configuration: words like dhcp, ip=192.0.2.10/24, gw=…, dns=…, host=… */
static void set_word(struct sp_net_config *config, char *word)
{
    char *value = strchr(word, '=');

    if (value != NULL) {
        *value++ = '\0';
    }
    if (strcmp(word, "dhcp") == 0) {
        config->dhcp = true;
    } else if (value == NULL) {
        say("error word %s", word);
    } else if (strcmp(word, "ip") == 0) {
        sp_addr_parse_prefix(sp_span_str(value), &config->address, &config->prefix);
    } else if (strcmp(word, "gw") == 0) {
        config->gateway = address(value);
    } else if (strcmp(word, "host") == 0) {
        snprintf(config->hostname, sizeof config->hostname, "%s", value);
    } else if (strcmp(word, "dns") == 0) {
        for (int i = 0; i < SP_RESOLVERS; i++) {
            if (config->dns[i].family == 0) {
                config->dns[i] = address(value);
                break;
            }
        }
    }
}

static void cmd_configure(char **words)
{
    struct sp_net_config config = {0};

    for (; *words != NULL; words++) {
        set_word(&config, *words);
    }
    say("configure err=%d", sp_net_configure(&config));
}

static void put_list(const char *label, const struct sp_addr *list, unsigned n)
{
    char text[SP_ADDR_SIZE];

    printf(" %s=", label);
    for (unsigned i = 0; i < n; i++) {
        printf("%s%s", i > 0 ? "," : "", sp_addr_text(&list[i], text));
    }
}

static void cmd_status(char **words)
{
    struct sp_net_status s;

    (void)words;
    sp_net_status(&s);
    printf("status link=%d dhcp=%d bound=%d prefix=%d", s.link, s.dhcp, s.dhcp_bound, s.prefix);
    put_list("gw", &s.gateway, 1);
    put_list("addresses", s.addresses, s.addresses_n);
    put_list("dns", s.dns, s.dns_n);
    put_list("ntp", &s.ntp, 1);
    say(" own=%d", s.addresses_n > 0 && sp_net_is_own(&s.addresses[0]));
}

static void cmd_stats(char **words)
{
    struct sp_tcp_stats t = sp_tcp_stats();

    (void)words;
    say("stats open=%u peak=%u inbound=%u evicted=%u refused=%u steps=%lu dropped=%u", t.open,
        t.open_peak, t.inbound, t.evicted, t.refused, steps, tap.nic.dropped);
}

static void cmd_memory_net(char **words)
{
    struct sp_pool_use heap = {.used = 0};
    struct sp_pool_use buffers = {.used = 0};

    (void)words;
    (void)sp_net_pool(0, &heap);
    (void)sp_net_pool(1, &buffers);
    say("memory-net heap=%zu peak=%zu pbufs=%zu", heap.used, heap.peak, buffers.used);
}

static void cmd_quit(char **words)
{
    (void)words;
    quit = true;
}

static const struct command own_commands[] = {
    {"configure", cmd_configure},   {"status", cmd_status}, {"stats", cmd_stats},
    {"memory-net", cmd_memory_net}, {"quit", cmd_quit},     {NULL, NULL}};
static const struct command *const tables[] = {own_commands, tcp_commands, name_commands};

static void run_line(char *line)
{
    char *words[32] = {0};
    char *rest = NULL;
    int n = 0;

    for (char *w = strtok_r(line, " \n", &rest); w != NULL && n < 31;
         w = strtok_r(NULL, " \n", &rest)) {
        words[n++] = w;
    }
    if (n == 0) {
        return;
    }
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const struct command *c = tables[i]; c->name != NULL; c++) {
            if (strcmp(c->name, words[0]) == 0) {
                c->run(words + 1);
                return;
            }
        }
    }
    say("error command %s", words[0]);
}

static void read_commands(void)
{
    static char line[4096];
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
        run_line(line);
        have -= (size_t)(end + 1 - line);
        memmove(line, end + 1, have + 1);
    }
}

static void show_log(void)
{
    static uint32_t shown;
    struct sp_log_line line;

    while (shown < sp_log_newest()) {
        if (sp_log_get(++shown, &line) == 0) {
            fprintf(stderr, "%8llu %s: %s\n", (unsigned long long)line.at, line.room, line.text);
        }
    }
}

static sp_time now_ms(void)
{
    return host_clock.clock.mono_ms(&host_clock.clock);
}

static void loop(void)
{
    while (!quit) {
        struct pollfd fds[2] = {{.fd = tap.fd, .events = POLLIN},
                                {.fd = STDIN_FILENO, .events = POLLIN}};
        sp_time now = now_ms();
        sp_time next = sp_net_step(now);
        sp_time after;

        next = sp_time_min(next, tcp_step(now));
        next = sp_time_min(next, names_step(now));
        steps++;
        show_log();
        after = now_ms();
        poll(fds, 2, next == SP_NEVER ? -1 : next <= after ? 0 : (int)(next - after));
        if (fds[1].revents != 0) {
            read_commands();
        }
    }
}

int main(int argc, char **argv)
{
    static const uint8_t mac[6] = {0x02, 0, 0, 0, 0, 0x10};
    struct sp_net_config config = {0};

    if (argc < 2) {
        return 2;
    }
    sp_host_clock_start(&host_clock);
    sp_port_bind(&host_clock.clock, &sp_host_entropy, NULL);
    sp_port_set_random(random_bytes);
    if (sp_tap_open(&tap, argv[1], mac) != 0) {
        perror("TAP");
        return 1;
    }
    for (int i = 2; i < argc; i++) {
        set_word(&config, argv[i]);
    }
    if (sp_net_start(&tap.nic, &config) != 0) {
        fprintf(stderr, "the network did not start\n");
        return 1;
    }
    names_start();
    say("started");
    loop();
    show_log();
    sp_tap_close(&tap);
    return 0;
}
