/*
 * sf2_emac: the Ethernet MAC of a SmartFusion2 with an MII PHY.
 *
 * Frames are received by DMA into a ring. When the ring is full the MAC drops a frame and stops;
 * the next receive that has emptied the ring starts it again and counts the loss. All multicast
 * frames are taken, since IPv6 needs them.
 *
 * Memory: the struct is the caller's, 12.5 KB, and must lie where the MAC's DMA reaches.
 * Threads: service task; sp_sf2_emac_interrupt in the MAC's interrupt, which stays masked until the
 * ring has been emptied. Time: never blocks, but for the PHY at start (a millisecond).
 */
#ifndef SP_SF2_EMAC_H
#define SP_SF2_EMAC_H

#include "hal/nic.h"

#define SP_EMAC_RX_FRAMES 6U
#define SP_EMAC_TX_FRAMES 2U
#define SP_EMAC_FRAME_SIZE 1536U

struct sp_emac_descriptor {
    uint32_t address;
    volatile uint32_t size; /* bytes, and whether the descriptor is empty */
    uint32_t next;
};

struct sp_sf2_emac {
    struct sp_hal_nic nic;
    volatile uint32_t *registers;
    uint32_t phy; /* its address on the management bus */
    uint32_t rx_next, tx_next;
    uint32_t frames_in, frames_out;
    int link; /* as the PHY said last */
    struct sp_emac_descriptor rx[SP_EMAC_RX_FRAMES];
    struct sp_emac_descriptor tx[SP_EMAC_TX_FRAMES];
    _Alignas(4) uint8_t rx_frames[SP_EMAC_RX_FRAMES][SP_EMAC_FRAME_SIZE];
    _Alignas(4) uint8_t tx_frames[SP_EMAC_TX_FRAMES][SP_EMAC_FRAME_SIZE];
};

void sp_sf2_emac_start(struct sp_sf2_emac *emac, uintptr_t base, uint32_t phy,
                       const uint8_t mac[6]);
/* A register of the PHY; 0xffff when it does not answer. Waits for the management bus, some 50 us.
 */
uint32_t sp_sf2_emac_phy_read(struct sp_sf2_emac *emac, uint32_t number);
void sp_sf2_emac_interrupt(struct sp_sf2_emac *emac);

#endif
