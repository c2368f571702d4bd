#include "count.h"
#include "sf2.h"
#include "uart_16550/uart_16550.h"

#include <stdarg.h>
#include <stdio.h>

void count_say(const char *line)
{
    static struct sp_uart_16550 uart;

    sp_uart_16550_start(&uart, SF2_UART0);
    sp_uart_16550_panic(&uart, line);
    sp_uart_16550_panic(&uart, "\r\n");
}

void count_print(const char *format, ...)
{
    char line[200];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    count_say(line);
}

void count_report(const char *name, uint64_t instructions)
{
    count_print("count %s total=%llu", name, (unsigned long long)instructions);
}

_Noreturn void count_end(void)
{
    count_say("count-end");
    for (;;) {
    }
}

void count_need(int err, const char *where)
{
    if (err < 0) {
        count_print("count-failed %s: %s", where, sp_err_text(err));
        count_end();
    }
}
