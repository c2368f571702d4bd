#include "sf2_emac/sf2_emac.h"

#include "base/err.h"

#include <stdbool.h>
#include <string.h>

/* Registers, as byte offsets. */
enum {
    CFG1 = 0x00,
    CFG2 = 0x04,
    MAX_FRAME = 0x10,
    MII_COMMAND = 0x24,
    MII_ADDRESS = 0x28,
    MII_STATUS = 0x30,
    MII_BUSY = 0x34,
    STATION1 = 0x40,
    STATION2 = 0x44,
    FIFO_CFG0 = 0x48,
    FIFO_CFG5 = 0x5c,
    TX_CONTROL = 0x180,
    TX_DESCRIPTOR = 0x184,
    TX_STATUS = 0x188,
    RX_CONTROL = 0x18c,
    RX_DESCRIPTOR = 0x190,
    RX_STATUS = 0x194,
    IRQ_MASK = 0x198
};

#define CFG1_RESET (1U << 31)
#define CFG1_ON 0x5U      /* send and receive */
#define CFG2_FULL 0x7217U /* full duplex, padding, CRC, MII, length check */
#define FIFO_ON 0x1f00U
#define FIFO_ACCEPT 0x3ffffU /* every frame that is whole */
#define IRQ_RX (1U << 4)
#define IRQ_OVERFLOW (1U << 6)
#define RX_ONE 1U /* written to RX_STATUS: one frame fewer to tell of */
#define RX_OVERFLOW 4U
#define TX_DONE 3U
#define EMPTY (1U << 31)
#define LENGTH 0x7ffU
#define PHY_PATIENCE 10000U /* looks at the management bus */
#define PHY_STATUS 1U
#define PHY_LINK (1U << 2)

static volatile uint32_t *at(const struct sp_sf2_emac *emac, unsigned offset)
{
    return emac->registers + offset / 4;
}

static struct sp_sf2_emac *of(struct sp_hal_nic *nic)
{
    return (struct sp_sf2_emac *)(void *)nic;
}

/* What the MAC is to read must be written before it is told. */
static void barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

/* --- PHY --- */

static void phy_ask(struct sp_sf2_emac *emac, uint32_t number)
{
    *at(emac, MII_COMMAND) = 0;
    *at(emac, MII_ADDRESS) = emac->phy << 8 | number;
    *at(emac, MII_COMMAND) = 1;
}

static bool phy_answers(struct sp_sf2_emac *emac)
{
    unsigned left = PHY_PATIENCE;
    while ((*at(emac, MII_BUSY) & 1U) != 0) {
        if (--left == 0) {
            return false;
        }
    }
    return true;
}

uint32_t sp_sf2_emac_phy_read(struct sp_sf2_emac *emac, uint32_t number)
{
    uint32_t value = 0xffff;
    if (phy_answers(emac)) {
        phy_ask(emac, number);
    }
    if (phy_answers(emac)) {
        value = *at(emac, MII_STATUS) & 0xffffU;
    }
    phy_ask(emac, PHY_STATUS); /* what link_up looks for */
    return value;
}

/* Takes the last answer, if it is there, and asks again: nobody waits for the management bus. */
static int link_up(struct sp_hal_nic *nic)
{
    struct sp_sf2_emac *emac = of(nic);
    if ((*at(emac, MII_BUSY) & 1U) == 0) {
        emac->link = (*at(emac, MII_STATUS) & PHY_LINK) != 0;
        phy_ask(emac, PHY_STATUS);
    }
    return emac->link;
}

/* --- receive --- */

/* The ring is empty: the MAC may interrupt again, and goes on when it had stopped. */
static void rearm(struct sp_sf2_emac *emac)
{
    if ((*at(emac, RX_STATUS) & RX_OVERFLOW) != 0) {
        emac->nic.dropped++;
        *at(emac, RX_STATUS) = RX_OVERFLOW;
    }
    if ((*at(emac, RX_CONTROL) & 1U) == 0) {
        *at(emac, RX_DESCRIPTOR) = (uint32_t)(uintptr_t)&emac->rx[emac->rx_next];
        *at(emac, RX_CONTROL) = 1;
    }
    *at(emac, IRQ_MASK) = IRQ_RX | IRQ_OVERFLOW;
}

static void give_back(struct sp_sf2_emac *emac, struct sp_emac_descriptor *slot)
{
    barrier();
    slot->size = EMPTY;
    *at(emac, RX_STATUS) = RX_ONE;
    emac->rx_next = (emac->rx_next + 1) % SP_EMAC_RX_FRAMES;
}

static int receive(struct sp_hal_nic *nic, void *buf, size_t cap)
{
    struct sp_sf2_emac *emac = of(nic);
    struct sp_emac_descriptor *slot = &emac->rx[emac->rx_next];
    size_t n;
    while ((slot->size & EMPTY) == 0) {
        barrier();
        n = slot->size & LENGTH;
        if (n > 0 && n <= cap) {
            memcpy(buf, emac->rx_frames[emac->rx_next], n);
            give_back(emac, slot);
            emac->frames_in++;
            return (int)n;
        }
        nic->dropped++;
        give_back(emac, slot);
        slot = &emac->rx[emac->rx_next];
    }
    rearm(emac);
    return 0;
}

/* --- send --- */

static int send(struct sp_hal_nic *nic, const void *frame, size_t n)
{
    struct sp_sf2_emac *emac = of(nic);
    struct sp_emac_descriptor *slot = &emac->tx[emac->tx_next];
    if (n > SP_EMAC_FRAME_SIZE) {
        return SP_E_IO;
    }
    if ((slot->size & EMPTY) == 0) {
        return SP_E_AGAIN;
    }
    memcpy(emac->tx_frames[emac->tx_next], frame, n);
    slot->size = (uint32_t)n;
    barrier();
    *at(emac, TX_DESCRIPTOR) = (uint32_t)(uintptr_t)slot;
    *at(emac, TX_CONTROL) = 1;
    *at(emac, TX_STATUS) = TX_DONE;
    emac->tx_next = (emac->tx_next + 1) % SP_EMAC_TX_FRAMES;
    emac->frames_out++;
    return SP_OK;
}

static const struct sp_hal_nic_ops ops = {.receive = receive, .send = send, .link_up = link_up};

/* --- start --- */

static void link_ring(struct sp_emac_descriptor *ring, unsigned n,
                      uint8_t (*frames)[SP_EMAC_FRAME_SIZE])
{
    for (unsigned i = 0; i < n; i++) {
        ring[i].address = (uint32_t)(uintptr_t)frames[i];
        ring[i].size = EMPTY;
        ring[i].next = (uint32_t)(uintptr_t)&ring[(i + 1) % n];
    }
}

static void set_station(struct sp_sf2_emac *emac, const uint8_t mac[6])
{
    memcpy(emac->nic.mac, mac, 6);
    *at(emac, STATION1) =
        (uint32_t)mac[0] << 24 | (uint32_t)mac[1] << 16 | (uint32_t)mac[2] << 8 | mac[3];
    *at(emac, STATION2) = (uint32_t)mac[4] << 24 | (uint32_t)mac[5] << 16;
}

static void set_mac(struct sp_sf2_emac *emac)
{
    *at(emac, CFG1) = CFG1_RESET;
    *at(emac, CFG1) = 0;
    *at(emac, CFG2) = CFG2_FULL;
    *at(emac, FIFO_CFG0) = FIFO_ON;
    *at(emac, FIFO_CFG5) = FIFO_ACCEPT;
    *at(emac, MAX_FRAME) = SP_EMAC_FRAME_SIZE;
}

void sp_sf2_emac_start(struct sp_sf2_emac *emac, uintptr_t base, uint32_t phy, const uint8_t mac[6])
{
    memset(emac, 0, sizeof *emac);
    emac->nic.ops = &ops;
    emac->registers = (volatile uint32_t *)base;
    emac->phy = phy;
    link_ring(emac->rx, SP_EMAC_RX_FRAMES, emac->rx_frames);
    link_ring(emac->tx, SP_EMAC_TX_FRAMES, emac->tx_frames);
    set_mac(emac);
    set_station(emac, mac);
    phy_ask(emac, PHY_STATUS);
    *at(emac, RX_DESCRIPTOR) = (uint32_t)(uintptr_t)&emac->rx[0];
    *at(emac, TX_DESCRIPTOR) = (uint32_t)(uintptr_t)&emac->tx[0];
    *at(emac, CFG1) = CFG1_ON;
    rearm(emac);
}

void sp_sf2_emac_interrupt(struct sp_sf2_emac *emac)
{
    *at(emac, IRQ_MASK) = 0; /* until the ring is empty */
}
