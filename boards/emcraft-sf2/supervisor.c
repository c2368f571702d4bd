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
#define PATTERN_AT 1U /* pins 1 to 3: the pattern's number, for whoever cannot watch a lamp */

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

/* Only changes reach the pins: each write is then an event to see. Both tasks come here. */
static void show_light(uint32_t now)
{
    static uint32_t shown = UINT32_MAX;
    uint32_t mask = __get_PRIMASK();
    uint32_t pins;
    __disable_irq();
    pins = (uint32_t)light.pattern << PATTERN_AT | (sp_light_lit(&light, now) ? LAMP : 0);
    if (pins != shown) {
        *sf2_register(SF2_GPIO, GPIO_OUT) = pins;
        shown = pins;
    }
    __set_PRIMASK(mask);
}

/* At once: a pattern that the next one follows soon would not be seen otherwise. */
static void set_light(struct sp_hal_led *unused, enum sp_led_pattern pattern)
{
    (void)unused;
    light.led.set(&light.led, pattern);
    show_light((uint32_t)board_clock_ms());
}

struct sp_hal_led *board_light(void)
{
    static struct sp_hal_led led = {.set = set_light};
    sp_light_start(&light);
    return &led;
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
        crash_standstill(board_service_task());
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
