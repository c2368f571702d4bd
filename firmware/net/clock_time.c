#include "net/clock_time.h"

static int64_t running_ms(const struct sp_clock_time *time, sp_time now)
{
    return time->utc_ms + (int64_t)(now - time->at);
}

int64_t sp_clock_time_ms(const struct sp_clock_time *time, sp_time now)
{
    int64_t ms;

    if (!time->set) {
        return 0;
    }
    ms = running_ms(time, now);
    return ms > time->hold_ms ? ms : time->hold_ms;
}

static void set(struct sp_clock_time *time, int64_t utc_ms, sp_time now, int64_t hold_ms)
{
    time->set = true;
    time->utc_ms = utc_ms;
    time->at = now;
    time->hold_ms = hold_ms;
    time->doubted = false;
}

/* Whether an earlier answer said the same: a minute ago or more, and with as much time gone by. */
static bool was_said(const struct sp_clock_time *time, int64_t utc_ms, sp_time now)
{
    int64_t off;

    if (!time->doubted || now - time->doubt_at < SP_CLOCK_CONFIRM_MS) {
        return false;
    }
    off = utc_ms - time->doubt_ms - (int64_t)(now - time->doubt_at);
    return off >= -SP_CLOCK_SLEW_MS && off <= SP_CLOCK_SLEW_MS;
}

/* A newer answer replaces the one remembered, unless it only repeats it too soon. */
static void doubt(struct sp_clock_time *time, int64_t utc_ms, sp_time now)
{
    int64_t off = utc_ms - time->doubt_ms - (int64_t)(now - time->doubt_at);

    if (time->doubted && off >= -SP_CLOCK_SLEW_MS && off <= SP_CLOCK_SLEW_MS) {
        return;
    }
    time->doubted = true;
    time->doubt_ms = utc_ms;
    time->doubt_at = now;
}

enum sp_clock_verdict sp_clock_time_take(struct sp_clock_time *time, int64_t utc_ms, sp_time now)
{
    int64_t shown = sp_clock_time_ms(time, now);
    int64_t floor_ms = time->floor * 1000;

    if (utc_ms <= 0 || floor_ms - utc_ms > SP_CLOCK_SLEW_MS) {
        return SP_CLOCK_BELOW_FLOOR;
    }
    if (shown <
        floor_ms) { /* the floor was kept by a clock that was a little early, and then reset */
        shown = floor_ms;
    }
    if (utc_ms >= shown) {
        set(time, utc_ms, now, 0);
        return SP_CLOCK_TAKEN;
    }
    if (shown - utc_ms <= SP_CLOCK_SLEW_MS) {
        set(time, utc_ms, now, shown);
        return SP_CLOCK_HELD;
    }
    if (was_said(time, utc_ms, now)) {
        set(time, utc_ms, now, 0);
        return SP_CLOCK_STEPPED_BACK;
    }
    doubt(time, utc_ms, now);
    return SP_CLOCK_STEP_REFUSED;
}

sp_time sp_clock_time_at(const struct sp_clock_time *time, sp_utc utc, sp_time now)
{
    int64_t wait;

    if (!time->set) {
        return SP_NEVER;
    }
    if (sp_clock_time_ms(time, now) / 1000 >= utc) {
        return now;
    }
    wait = utc * 1000 - running_ms(time, now);
    return wait > 0 ? now + (sp_time)wait : now;
}

sp_utc sp_clock_time_second(struct sp_clock_time *time, sp_time now, sp_time *began)
{
    sp_utc second = sp_clock_time_ms(time, now) / 1000;
    int64_t ago = running_ms(time, now) - second * 1000;

    if (ago > 0 && (sp_time)ago > now) { /* before we started: be at the next one already */
        second++;
        ago -= 1000;
        time->hold_ms = second * 1000;
    }
    *began = ago >= 0 ? now - (sp_time)ago : now + (sp_time)-ago;
    return second;
}
