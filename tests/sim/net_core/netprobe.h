/* netprobe: what its files share. */
#ifndef NETPROBE_H
#define NETPROBE_H

#include "base/err.h"
#include "net/net.h"

#include <stdarg.h>

struct command {
    const char *name;
    void (*run)(char **words); /* those after the command, NULL at the end */
};

extern const struct command tcp_commands[];
extern const struct command name_commands[];

/* One line on standard output. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
unsigned long number(const char *text);
struct sp_addr address(const char *text); /* family 0 when it is none */

sp_time tcp_step(sp_time now);
void names_start(void);
sp_time names_step(sp_time now);

#endif
