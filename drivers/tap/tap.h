/*
 * drivers/tap: a NIC on an existing Linux TAP interface.
 *
 * The interface is made, addressed and brought up by somebody else (ip tuntap add … mode tap); this
 * only attaches to it through /dev/net/tun. No socket is ever opened.
 *
 * Memory: the caller's. Threads: one. Time: never blocks; wait on fd for frames.
 */
#ifndef SP_TAP_H
#define SP_TAP_H

#include "hal/nic.h"

struct sp_tap {
    struct sp_hal_nic nic; /* first */
    int fd;                /* readable when a frame is waiting */
};

/* Attaches to the TAP of that name. mac is the appliance's own address on the wire, not that of the
 * host's end. 0; SP_E_NOT_FOUND when there is no such TAP; SP_E_EXISTS when another process is
 * attached; SP_E_IO otherwise (errno says more). */
int sp_tap_open(struct sp_tap *tap, const char *name, const uint8_t mac[6]);
void sp_tap_close(struct sp_tap *tap);

#endif
