#define _GNU_SOURCE
#include "host_console/host_console.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define KEEP "SEALPOST_SIM_CONSOLE"

static struct termios terminal_before;
static bool terminal_changed;

static struct sp_host_console *console_of(struct sp_hal_uart *uart)
{
    return (struct sp_host_console *)uart;
}

static void hang_up(struct sp_host_console *console)
{
    if (console->listener >= 0 && console->in >= 0) {
        (void)close(console->in);
        console->in = -1;
        console->out = -1;
        console->hangups++;
    }
}

static size_t uart_read(struct sp_hal_uart *uart, void *buf, size_t n)
{
    struct sp_host_console *console = console_of(uart);
    ssize_t got;
    if (console->in < 0) {
        return 0;
    }
    got = read(console->in, buf, n);
    console->left_unread = got > 0;
    if (got == 0 && console->listener < 0) {
        console->in = -1; /* end of standard input: the appliance goes on */
    } else if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR && errno != EIO)) {
        hang_up(console);
    }
    return got > 0 ? (size_t)got : 0;
}

static size_t uart_write(struct sp_hal_uart *uart, const void *buf, size_t n)
{
    struct sp_host_console *console = console_of(uart);
    ssize_t put;
    if (console->out < 0) {
        return n; /* nobody listens on the line */
    }
    put = write(console->out, buf, n);
    console->output_blocked = put < 0 && errno == EAGAIN;
    if (put < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up(console);
        return n;
    }
    return put > 0 ? (size_t)put : 0;
}

static unsigned uart_hangups(struct sp_hal_uart *uart)
{
    return console_of(uart)->hangups;
}

static const struct sp_hal_uart_ops ops = {
    .read = uart_read, .write = uart_write, .hangups = uart_hangups};

static int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? SP_E_IO : SP_OK;
}

static void make_raw(int fd)
{
    struct termios raw;
    if (tcgetattr(fd, &terminal_before) < 0) {
        return;
    }
    raw = terminal_before;
    cfmakeraw(&raw);
    raw.c_lflag |= ISIG; /* Ctrl-\ still ends the process; Ctrl-C belongs to the console */
    raw.c_cc[VINTR] = _POSIX_VDISABLE;
    raw.c_cc[VSUSP] = _POSIX_VDISABLE;
    terminal_changed = tcsetattr(fd, TCSANOW, &raw) == 0;
}

static int open_stdio(struct sp_host_console *console)
{
    console->in = STDIN_FILENO;
    console->out = STDOUT_FILENO;
    make_raw(STDIN_FILENO);
    return set_nonblocking(STDIN_FILENO);
}

static int open_unix(struct sp_host_console *console, const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof addr.sun_path) {
        return SP_E_INVALID;
    }
    memcpy(addr.sun_path, path, strlen(path) + 1);
    (void)unlink(path);
    console->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (console->listener < 0 ||
        bind(console->listener, (const struct sockaddr *)&addr, sizeof addr) < 0 ||
        listen(console->listener, 4) < 0) {
        return SP_E_IO;
    }
    return SP_OK;
}

static int open_pty(struct sp_host_console *console)
{
    char name[64];
    int slave;
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0 || ptsname_r(fd, name, sizeof name) != 0) {
        return SP_E_IO;
    }
    /* One descriptor of the other side stays open, so that the line does not hang up with each
     * client. */
    slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) {
        return SP_E_IO;
    }
    make_raw(slave);
    terminal_changed = false;
    console->in = fd;
    console->out = fd;
    (void)fprintf(stderr, "console: %s\n", name);
    return SP_OK;
}

/* After a restart: the descriptors that the image before it kept. */
static bool open_kept(struct sp_host_console *console)
{
    const char *kept = getenv(KEEP);
    if (kept == NULL ||
        sscanf(kept, "%d,%d,%d", &console->listener, &console->in, &console->out) != 3) {
        return false;
    }
    (void)unsetenv(KEEP);
    return true;
}

int sp_host_console_open(struct sp_host_console *console, const char *where)
{
    *console = (struct sp_host_console){.uart = {&ops}, .in = -1, .out = -1, .listener = -1};
    if (open_kept(console)) {
        return SP_OK;
    }
    if (strcmp(where, "stdio") == 0) {
        return open_stdio(console);
    }
    if (strncmp(where, "unix:", 5) == 0 && where[5] != '\0') {
        return open_unix(console, where + 5);
    }
    return strcmp(where, "pty") == 0 ? open_pty(console) : SP_E_INVALID;
}

unsigned sp_host_console_poll(const struct sp_host_console *console, struct pollfd *fds)
{
    unsigned n = 0;
    if (console->in >= 0) {
        if (!console->left_unread) { /* else the service comes back for it by itself */
            fds[n++] = (struct pollfd){.fd = console->in, .events = POLLIN};
        }
    } else if (console->listener >= 0) {
        fds[n++] = (struct pollfd){.fd = console->listener, .events = POLLIN};
    }
    if (console->out >= 0 && console->output_blocked) {
        fds[n++] = (struct pollfd){.fd = console->out, .events = POLLOUT};
    }
    return n;
}

void sp_host_console_serve(struct sp_host_console *console)
{
    if (console->listener >= 0 && console->in < 0) {
        console->in = accept4(console->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        console->out = console->in;
        console->output_blocked = false;
        console->left_unread = false;
    }
}

static void keep_fd(int fd)
{
    if (fd > STDERR_FILENO) {
        (void)fcntl(fd, F_SETFD, 0);
    }
}

void sp_host_console_keep(const struct sp_host_console *console)
{
    char text[48];
    keep_fd(console->listener);
    keep_fd(console->in);
    keep_fd(console->out);
    (void)snprintf(text, sizeof text, "%d,%d,%d", console->listener, console->in, console->out);
    (void)setenv(KEEP, text, 1);
}

void sp_host_console_close(struct sp_host_console *console)
{
    if (terminal_changed) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
    }
    (void)console;
}
