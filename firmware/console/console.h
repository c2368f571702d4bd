/*
 * console: the serial console: line editor, commands, text and JSON answers.
 *
 * Written against sealpost.h alone. A command takes a trailing `json` and then prints one JSON document
 * on one line. Unknown or malformed input gets one clear sentence and changes nothing.
 *
 * Memory: static, about 8 KB. Threads: service task. Time: nothing blocks; output waits for the UART in
 * a small buffer, long lists are produced piece by piece.
 */
#ifndef SP_CONSOLE_CONSOLE_H
#define SP_CONSOLE_CONSOLE_H

#include "base/time.h"
#include "hal/uart.h"

#include <stdbool.h>

void sp_console_start(struct sp_hal_uart *uart);
sp_time sp_console_step(sp_time now);
/* True when all output has been handed to the UART (before a restart). */
bool sp_console_idle(void);

#endif
