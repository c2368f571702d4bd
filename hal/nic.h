/*
 * hal/nic: an Ethernet interface that sends and receives whole frames, without the frame check
 * sequence.
 *
 * Memory: frames are copied in and out of the caller's buffers. Threads: service task; a driver's
 * interrupt only wakes the loop. Time: never blocks.
 */
#ifndef SP_HAL_NIC_H
#define SP_HAL_NIC_H

#include <stddef.h>
#include <stdint.h>

#define SP_NIC_FRAME_MAX 1514 /* bytes: header and 1500 of payload */

struct sp_hal_nic;

struct sp_hal_nic_ops {
    /* One received frame into buf: its length, 0 when none is waiting, SP_E_IO. A frame that is
     * longer than cap is dropped and counted. */
    int (*receive)(struct sp_hal_nic *nic, void *buf, size_t cap);
    /* Sends a frame: 0, SP_E_AGAIN when the ring is full (the frame was not taken), SP_E_IO. */
    int (*send)(struct sp_hal_nic *nic, const void *frame, size_t n);
    /* 1 while the link is up, 0 otherwise. */
    int (*link_up)(struct sp_hal_nic *nic);
};

struct sp_hal_nic {
    const struct sp_hal_nic_ops *ops;
    uint8_t mac[6];
    uint32_t dropped; /* frames lost for want of room, by the driver */
};

#endif
