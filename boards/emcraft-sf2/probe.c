/*
 * What the board tells of itself: ids of its parts, a second clock, and how deep the stacks were.
 */
#include "base/err.h"
#include "board.h"
#include "sf2.h"

#include <stdio.h>

#define PAINT 0xa5a5a5a5U /* FreeRTOS's, on the tasks' stacks; ours, on the interrupts' */
#define LOOKS 20U
#define LOOK_TICKS 100U /* a microsecond */
#define PHY_ID1 2U
#define PHY_ID2 3U

void board_paint_interrupt_stack(void)
{
    const volatile uint32_t *end = (const uint32_t *)__get_MSP() - 8; /* this function's own */
    for (volatile uint32_t *p = sp_interrupt_stack; p < end; p++) {
        *p = PAINT;
    }
}

/* Nobody may look at the guard, and nobody can have used it. */
static size_t peak_of(const uint32_t *stack, size_t size)
{
    size_t at = MPU_GUARD / 4;
    while (at < size / 4 && stack[at] == PAINT) {
        at++;
    }
    return size - 4 * at;
}

static int stack(struct sp_hal_probe *probe, unsigned i, struct sp_stack_use *out)
{
    static const struct {
        const char *name;
        const uint32_t *stack;
        size_t size;
    } stacks[] = {
        {"stack:service", board_service_stack, SERVICE_STACK},
        {"stack:keys", board_keys_stack, KEYS_STACK},
        {"stack:supervisor", board_supervisor_stack, SUPERVISOR_STACK},
        {"stack:idle", board_idle_stack, IDLE_STACK},
        {"stack:interrupt", sp_interrupt_stack, INTERRUPT_STACK},
    };
    (void)probe;
    if (i >= sizeof stacks / sizeof stacks[0]) {
        return SP_E_NOT_FOUND;
    }
    out->name = stacks[i].name;
    out->size = stacks[i].size - MPU_GUARD;
    out->peak = peak_of(stacks[i].stack, stacks[i].size);
    return SP_OK;
}

static void heap(struct sp_hal_probe *probe, struct sp_stack_use *out)
{
    (void)probe;
    board_heap(out);
}

static int flash_id(struct sp_hal_probe *probe, char *out, size_t cap)
{
    const uint8_t *id = board_flash_part()->id;
    (void)probe;
    (void)snprintf(out, cap, "%02x %02x %02x", (unsigned)id[0], (unsigned)id[1], (unsigned)id[2]);
    return SP_OK;
}

static void nic(struct sp_hal_probe *probe, struct sp_nic_facts *out)
{
    struct sp_sf2_emac *emac = board_emac();
    (void)probe;
    out->phy_id = sp_sf2_emac_phy_read(emac, PHY_ID1) << 16 | sp_sf2_emac_phy_read(emac, PHY_ID2);
    out->frames_in = emac->frames_in;
    out->frames_out = emac->frames_out;
}

/* SysTick counts the CPU's clock, hal/clock the bus's. Both at one moment: under QEMU a long while
 * may pass between two instructions. */
static bool look_at_clocks(uint32_t *systick, uint64_t *ticks)
{
    for (unsigned i = 0; i < LOOKS; i++) {
        uint64_t before = board_clock_ticks();
        *systick = SysTick->VAL;
        *ticks = board_clock_ticks();
        if (*ticks - before <= LOOK_TICKS) {
            return true;
        }
    }
    return false;
}

/* Over half of SysTick's period, in which it wraps once at most; a longer while tells nothing. */
static int measure_clocks(uint32_t *systick, uint32_t *ticks)
{
    const uint32_t period = SysTick->LOAD + 1;
    uint32_t began, value;
    uint64_t first, last;
    if (!look_at_clocks(&began, &first)) {
        return SP_E_AGAIN;
    }
    do {
        if (!look_at_clocks(&value, &last)) {
            return SP_E_AGAIN;
        }
        *systick = began >= value ? began - value : began + period - value;
        *ticks = (uint32_t)(last - first);
    } while (*systick < period / 2 && *ticks <= SF2_TIMER_HZ / 1000U);
    return *ticks <= SF2_TIMER_HZ / 1000U ? SP_OK : SP_E_AGAIN;
}

static int clock_off(struct sp_hal_probe *probe, int32_t *per_mille)
{
    uint32_t mask = __get_PRIMASK();
    uint32_t systick, ticks;
    int err;
    (void)probe;
    __disable_irq();
    err = measure_clocks(&systick, &ticks);
    __set_PRIMASK(mask);
    if (err == SP_OK) {
        *per_mille = (int32_t)((uint64_t)ticks * (SF2_CPU_HZ / 1000000U) * 1000U /
                               (SF2_TIMER_HZ / 1000000U) / systick) -
                     1000;
    }
    return err;
}

struct sp_hal_probe *board_probe(void)
{
    static struct sp_hal_probe probe = {
        .flash_id = flash_id, .nic = nic, .clock_off = clock_off, .stack = stack, .heap = heap};
    return &probe;
}
