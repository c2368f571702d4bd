/*
 * Registers in plain memory; the test plays the MAC, and fills the ring that the driver has made.
 */
#include "cm.h"

#include "base/err.h"
#include "sf2_emac/sf2_emac.h"

#include <string.h>

#define AT(offset) (registers[(offset) / 4])
enum { TX_CONTROL = 0x180, RX_CONTROL = 0x18c, RX_STATUS = 0x194, IRQ_MASK = 0x198 };
#define MII_STATUS 0x30
#define MII_BUSY 0x34
#define EMPTY (1U << 31)

static uint32_t registers[0x1a0 / 4];
static struct sp_sf2_emac emac;
static uint8_t frame[SP_EMAC_FRAME_SIZE];

static int start(void **state)
{
    static const uint8_t mac[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};
    (void)state;
    memset(registers, 0, sizeof registers);
    sp_sf2_emac_start(&emac, (uintptr_t)registers, 1, mac);
    return 0;
}

static void arrives(unsigned slot, size_t n)
{
    memset(emac.rx_frames[slot], 'a' + (int)slot, n);
    emac.rx[slot].size = (uint32_t)n;
}

static int receive(size_t cap)
{
    return emac.nic.ops->receive(&emac.nic, frame, cap);
}

static void the_address_is_the_stations(void **state)
{
    (void)state;
    assert_int_equal(AT(0x40), 0x02112233);
    assert_int_equal(AT(0x44), 0x44550000);
    assert_int_equal(AT(RX_CONTROL), 1);
}

static void frames_come_in_order_round_the_ring(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3 * SP_EMAC_RX_FRAMES; i++) {
        arrives(i % SP_EMAC_RX_FRAMES, 60 + i);
        assert_int_equal(receive(SP_NIC_FRAME_MAX), 60 + i);
        assert_int_equal(frame[59 + i], 'a' + i % SP_EMAC_RX_FRAMES);
        assert_int_equal(emac.rx[i % SP_EMAC_RX_FRAMES].size, EMPTY);
    }
    assert_int_equal(receive(SP_NIC_FRAME_MAX), 0);
    assert_int_equal(emac.nic.dropped, 0);
}

static void a_frame_that_is_too_long_is_dropped_and_the_next_one_taken(void **state)
{
    (void)state;
    arrives(0, 1515);
    arrives(1, 100);
    assert_int_equal(receive(SP_NIC_FRAME_MAX), 100);
    assert_int_equal(emac.nic.dropped, 1);
}

static void the_interrupt_is_masked_until_the_ring_is_empty(void **state)
{
    (void)state;
    arrives(0, 60);
    sp_sf2_emac_interrupt(&emac);
    assert_int_equal(AT(IRQ_MASK), 0);
    assert_int_equal(receive(SP_NIC_FRAME_MAX), 60);
    assert_int_equal(AT(IRQ_MASK), 0);
    assert_int_equal(receive(SP_NIC_FRAME_MAX), 0);
    assert_int_equal(AT(IRQ_MASK), 0x50);
}

static void after_an_overflow_reception_goes_on(void **state)
{
    (void)state;
    AT(RX_CONTROL) = 0;
    AT(RX_STATUS) = 4;
    assert_int_equal(receive(SP_NIC_FRAME_MAX), 0);
    assert_int_equal(AT(RX_CONTROL), 1);
    assert_int_equal(emac.nic.dropped, 1);
}

static void a_full_ring_takes_no_frame(void **state)
{
    const struct sp_hal_nic_ops *ops = emac.nic.ops;
    (void)state;
    memset(frame, 'f', sizeof frame);
    for (unsigned i = 0; i < SP_EMAC_TX_FRAMES; i++) {
        assert_int_equal(ops->send(&emac.nic, frame, 60), SP_OK);
    }
    assert_int_equal(AT(TX_CONTROL), 1);
    assert_int_equal(ops->send(&emac.nic, frame, 60), SP_E_AGAIN);
    emac.tx[0].size |= EMPTY; /* the MAC has sent it */
    assert_int_equal(ops->send(&emac.nic, frame, SP_NIC_FRAME_MAX), SP_OK);
    assert_int_equal(emac.tx[0].size, SP_NIC_FRAME_MAX);
    assert_memory_equal(emac.tx_frames[0], frame, SP_NIC_FRAME_MAX);
    assert_int_equal(ops->send(&emac.nic, frame, sizeof frame + 1), SP_E_IO);
}

static void the_link_is_what_the_phy_said_last(void **state)
{
    const struct sp_hal_nic_ops *ops = emac.nic.ops;
    (void)state;
    assert_int_equal(ops->link_up(&emac.nic), 0);
    AT(MII_STATUS) = 4;
    AT(MII_BUSY) = 1; /* the answer is not there yet */
    assert_int_equal(ops->link_up(&emac.nic), 0);
    AT(MII_BUSY) = 0;
    assert_int_equal(ops->link_up(&emac.nic), 1);
    AT(MII_STATUS) = 0;
    assert_int_equal(ops->link_up(&emac.nic), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_address_is_the_stations, start),
        cmocka_unit_test_setup(frames_come_in_order_round_the_ring, start),
        cmocka_unit_test_setup(a_frame_that_is_too_long_is_dropped_and_the_next_one_taken, start),
        cmocka_unit_test_setup(the_interrupt_is_masked_until_the_ring_is_empty, start),
        cmocka_unit_test_setup(after_an_overflow_reception_goes_on, start),
        cmocka_unit_test_setup(a_full_ring_takes_no_frame, start),
        cmocka_unit_test_setup(the_link_is_what_the_phy_said_last, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
