/*
 * The gateway's own board: what an embedding firmware brings. Flash in memory, a TAP as NIC.
 */
#ifndef GATEWAY_BOARD_H
#define GATEWAY_BOARD_H

#include "sealpost.h"

/* Exits with a message when the TAP cannot be opened. */
const struct sp_board *gateway_board_open(const char *tap_name);
/* Sleeps until a frame has come or the moment of the board's clock is reached. */
void gateway_board_wait(sp_time until);
sp_time gateway_board_now(void);

#endif
