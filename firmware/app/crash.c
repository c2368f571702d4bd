/*
 * sealpost.h: the last fault. The board kept it over the restart; here it goes into the log and
 * into flash.
 *
 * An appliance that crashes soon after each start must not wear its flash out: of crashes in a row
 * only the first two and then the 4th, 8th, 16th … are written.
 */
#include "app/app.h"
#include "base/log.h"

#include <string.h>

#define NAME "last"
#define VERSION 1U

/* In flash: this firmware's own struct, behind a version that changes with it. */
struct kept {
    uint32_t version;
    uint32_t size; /* of struct sp_crash: it differs between boards */
    struct sp_crash crash;
};

static int load(struct kept *kept)
{
    int n = sp_store_get(&sp_app.store, SP_KIND_CRASH, NAME, kept, sizeof *kept);
    if (n < 0) {
        return n == SP_E_SPACE ? SP_E_CORRUPT : n;
    }
    return n == (int)sizeof *kept && kept->version == VERSION && kept->size == sizeof kept->crash
               ? SP_OK
               : SP_E_CORRUPT;
}

static bool is_power_of_two(uint32_t n)
{
    return (n & (n - 1)) == 0;
}

/* Those in a row that were not written count, too. */
static uint32_t total(const struct sp_crash *old, const struct sp_crash *now)
{
    bool same_row = now->in_a_row > 1 && now->in_a_row > old->in_a_row;
    return old->total + (same_row ? now->in_a_row - old->in_a_row : 1);
}

static int keep(const struct sp_crash *crash)
{
    struct kept old, kept;
    memset(&kept, 0, sizeof kept);
    kept.version = VERSION;
    kept.size = sizeof kept.crash;
    kept.crash = *crash;
    kept.crash.total = load(&old) == SP_OK ? total(&old.crash, crash) : 1;
    return sp_store_put(&sp_app.store, SP_KIND_CRASH, NAME, sp_span(&kept, sizeof kept), 0);
}

static void tell(const struct sp_crash *crash)
{
    sp_log_error("board",
                 "restarted after %s: pc %08lx, lr %08lx, status %08lx, address %08lx, task %s, "
                 "%lu ms after its start%s%s",
                 crash->what, (unsigned long)crash->pc, (unsigned long)crash->lr,
                 (unsigned long)crash->status, (unsigned long)crash->address, crash->task,
                 (unsigned long)crash->uptime_ms, crash->text[0] != '\0' ? ": " : "", crash->text);
}

void sp_app_crash_start(void)
{
    struct sp_hal_crash *hal = sp_app.board->crash;
    struct sp_crash crash;
    int err = SP_OK;
    if (hal == NULL || hal->get(hal, &crash) <= 0) {
        return;
    }
    tell(&crash);
    if (is_power_of_two(crash.in_a_row)) {
        err = keep(&crash);
    }
    if (err < 0) {
        sp_log_error("app", "the fault could not be kept: %s", sp_err_text(err));
    }
    hal->forget(hal);
}

int sealpost_crash(struct sp_crash *out)
{
    struct kept kept;
    int err = load(&kept);
    memset(out, 0, sizeof *out);
    if (err == SP_OK) {
        *out = kept.crash;
    }
    return err;
}
