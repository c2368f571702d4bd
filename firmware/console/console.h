/*
 * console: the serial console: line editor, commands, text and JSON answers.
 *
 * Written against sealpost.h alone. A command takes a trailing `json` and then prints one JSON
 * document on one line. Unknown or malformed input gets one clear sentence and changes nothing.
 *
 * Memory: static, 8 KB: 1 KB line, 2 KB history, 1.4 KB output, 3.5 KB for the command under way,
 * most of them one out-struct of sealpost.h or a certificate that is pasted. Nothing of a domain is
 * kept. Threads: service task; sp_console_keys in one that interrupts it. Time: nothing blocks;
 * output waits for the UART in a small buffer, long lists are produced piece by piece.
 */
#ifndef SP_CONSOLE_CONSOLE_H
#define SP_CONSOLE_CONSOLE_H

#include "base/time.h"
#include "hal/uart.h"

#include <stdbool.h>

/* uart may be NULL: there is no console then. Nothing is printed before the first step. */
void sp_console_start(struct sp_hal_uart *uart);
/* Reads, edits, runs, prints as far as it gets without waiting. `now` when more can be done at
 * once, the time for the next call when something is waited for, SP_NEVER when only a byte makes a
 * difference. */
sp_time sp_console_step(sp_time now);
/* The line editor alone, for a task that interrupts the service; see sealpost_keys. */
bool sp_console_keys(void);
/* True when all output has been handed to the UART (before a restart). */
bool sp_console_idle(void);

#endif
