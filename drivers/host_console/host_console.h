/*
 * drivers/host_console: the serial console of a Linux process: its own terminal, a unix socket, or
 * a pseudo-terminal.
 *
 * On a unix socket one client at a time is the line's other end; a second one waits until it
 * leaves, which ends the session of the one before. As on a real serial line, what nobody reads is
 * lost, and a restart of the appliance does not disconnect: descriptors are handed to the new image
 * through the environment.
 *
 * Threads: service task. Time: nothing blocks.
 */
#ifndef SP_DRIVERS_HOST_CONSOLE_H
#define SP_DRIVERS_HOST_CONSOLE_H

#include "hal/uart.h"

#include <poll.h>
#include <stdbool.h>

struct sp_host_console {
    struct sp_hal_uart uart; /* first: the driver finds itself by it */
    int in, out;             /* -1: nobody is there */
    int listener;            /* unix socket, otherwise -1 */
    unsigned hangups;        /* clients that have left */
    bool output_blocked;
    bool left_unread; /* the service stopped reading before the input was empty */
};

/* where: "stdio", "unix:PATH" or "pty" (its name is printed to standard error). 0; SP_E_INVALID for
 * another word, SP_E_IO with errno set. */
int sp_host_console_open(struct sp_host_console *console, const char *where);
/* Puts what is to be waited for into fds (room for 2): how many. */
unsigned sp_host_console_poll(const struct sp_host_console *console, struct pollfd *fds);
/* Accepts a client that waits. To be called after poll. */
void sp_host_console_serve(struct sp_host_console *console);
/* Lets the descriptors live over an exec of the same program. */
void sp_host_console_keep(const struct sp_host_console *console);
/* Puts the terminal back as it was. */
void sp_host_console_close(struct sp_host_console *console);

#endif
