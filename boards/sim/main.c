/*
 * The sim board: the firmware as a Linux process. It opens its devices, starts the service, and
 * then sleeps in poll until a frame, a key or the service's own next moment wakes it.
 */
#include "flash_part.h"
#include "options.h"

#include "base/text.h"
#include "host_clock/host_clock.h"
#include "host_console/host_console.h"
#include "host_entropy/host_entropy.h"
#include "led_file/led_file.h"
#include "sealpost.h"
#include "tap/tap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLEEP_MAX_MS 60000

static struct sim_options options;
static struct sp_tap tap;
static struct sp_host_clock host_clock;
static struct sp_host_console console;
static struct sp_led_file light;
static char **arguments;

/* --- restart --- */

static void feed(struct sp_hal_watchdog *watchdog)
{
    (void)watchdog;
}

/* The same program again, with the same command line: memory is lost, flash and console line stay.
 */
static void reset(struct sp_hal_watchdog *watchdog)
{
    (void)watchdog;
    sp_host_console_keep(&console);
    (void)execv("/proc/self/exe", arguments);
    perror("sealpost-sim: restart");
    _exit(1);
}

static struct sp_hal_watchdog watchdog = {.feed = feed, .reset = reset};

/* --- devices --- */

static _Noreturn void die(const char *what, const char *which, int err)
{
    (void)fprintf(stderr, "sealpost-sim: %s %s: %s%s%s\n", what, which, sp_err_text(err),
                  err == SP_E_IO ? ": " : "", err == SP_E_IO ? strerror(errno) : "");
    exit(1);
}

static void need(int err, const char *what, const char *which)
{
    if (err < 0) {
        die(what, which, err);
    }
}

/* Locally administered, the same for a TAP of the same name. */
static void make_mac(const char *name, uint8_t mac[6])
{
    uint32_t hash = sp_hash32(name, strlen(name));
    mac[0] = 0x02;
    mac[1] = 0x53;
    mac[2] = (uint8_t)(hash >> 24);
    mac[3] = (uint8_t)(hash >> 16);
    mac[4] = (uint8_t)(hash >> 8);
    mac[5] = (uint8_t)hash;
}

static void open_devices(struct sp_board *board)
{
    uint8_t mac[6];
    make_mac(options.tap, mac);
    need(sp_tap_open(&tap, options.tap, mac), "the TAP", options.tap);
    need(sp_host_console_open(&console, options.console), "the console", options.console);
    need(sp_led_file_open(&light, options.led), "the light's file",
         options.led != NULL ? options.led : "");
    sp_host_clock_start(&host_clock);
    *board = (struct sp_board){
        .name = "sim",
        .flash = sim_flash_open(&options),
        .clock = &host_clock.clock,
        .entropy = &sp_host_entropy,
        .nic = &tap.nic,
        .uart = &console.uart,
        .led = &light.led,
        .watchdog = &watchdog,
    };
}

/* --- loop --- */

static void wait_until(sp_time until)
{
    struct pollfd fds[3] = {{.fd = tap.fd, .events = POLLIN}};
    unsigned n = 1 + sp_host_console_poll(&console, fds + 1);
    sp_time now = host_clock.clock.mono_ms(&host_clock.clock);
    int wait = 0;
    if (until > now) {
        wait = until - now > SLEEP_MAX_MS ? SLEEP_MAX_MS : (int)(until - now);
    }
    if (poll(fds, n, wait) > 0) {
        sp_host_console_serve(&console);
    }
}

static void put_terminal_back(void)
{
    sp_host_console_close(&console);
}

int main(int argc, char **argv)
{
    static struct sp_board board;
    sim_options_parse(argc, argv, &options);
    arguments = argv;
    (void)signal(SIGPIPE, SIG_IGN); /* SIGTERM keeps its default: a power cut */
    (void)atexit(put_terminal_back);
    open_devices(&board);
    need(sealpost_start(&board), "the service", "");
    for (;;) {
        wait_until(sealpost_step());
    }
}
