/*
 * The supervisor: above the service, so that the light goes on blinking and the watchdog is seen to
 * while a handshake computes. The watchdog is fed only while the service's loop makes progress;
 * when it stands still for longer, the board is restarted here, in case the watchdog is off.
 */
#include "board.h"
#include "light_blink/light_blink.h"
#include "sf2.h"

#define STALL_MS 8000U /* hal/watchdog: the loop feeds at least that often */
#define REFRESH 0x08U  /* registers of the watchdog */
#define REFRESH_KEY 0xac15de42U
#define GPIO_OUT 0x88U
#define LAMP 1U

static struct sp_light light;
static volatile uint32_t fed; /* how often the loop said that it made progress */

static void feed(struct sp_hal_watchdog *watchdog)
{
    (void)watchdog;
    fed = fed + 1;
}

static void reset(struct sp_hal_watchdog *watchdog)
{
    (void)watchdog;
    board_restart();
}

static struct sp_hal_watchdog watchdog = {.feed = feed, .reset = reset};

struct sp_hal_watchdog *board_watchdog(void)
{
    return &watchdog;
}

struct sp_hal_led *board_light(void)
{
    sp_light_start(&light);
    return &light.led;
}

/* Only changes reach the pin: each write is then an event to see. */
static void show_light(uint32_t now)
{
    static int shown = -1;
    int lit = sp_light_lit(&light, now);
    if (lit != shown) {
        *sf2_register(SF2_GPIO, GPIO_OUT) = lit ? LAMP : 0;
        shown = lit;
    }
}

static void watch_loop(uint32_t now)
{
    static uint32_t seen, seen_at;
    if (fed != seen) {
        seen = fed;
        seen_at = now;
        *sf2_register(SF2_WATCHDOG, REFRESH) = REFRESH_KEY;
    }
    if (now - seen_at > STALL_MS) {
        crash(CRASH_STALLED, 0, 0);
    }
}

void board_supervisor(void *unused)
{
    TickType_t woken = xTaskGetTickCount();
    (void)unused;
    for (;;) {
        uint32_t now = (uint32_t)board_clock_ms();
        show_light(now);
        watch_loop(now);
        vTaskDelayUntil(&woken, pdMS_TO_TICKS(SP_LIGHT_STEP_MS));
    }
}
