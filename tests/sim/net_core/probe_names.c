/* DNS and clock of netprobe. */
#include "netprobe.h"

const struct command name_commands[] = {{NULL, NULL}};

void names_start(void)
{
}

sp_time names_step(sp_time now)
{
    (void)now;
    return SP_NEVER;
}
