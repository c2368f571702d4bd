#include "checks/check_clock.h"

#include "base/err.h"
#include "checks/checks_internal.h"

#define STALE_S (3 * 86400)

static void note_clock(struct sp_check_pen *check, const struct sp_clock_status *status)
{
    char addr[SP_ADDR_SIZE];
    char when[SP_RFC3339_SIZE];

    sp_check_note(check, "server", "%.120s%s%s",
                  status->server[0] != '\0' ? status->server : "none",
                  status->address.family != 0 ? ", " : "",
                  status->address.family != 0 ? sp_addr_text(&status->address, addr) : "");
    if (status->synced_at > 0) {
        sp_check_note(check, "answered", "%s", sp_utc_rfc3339(status->synced_at, when));
    }
    if (status->last_error < 0) {
        sp_check_note(check, "error", "%s", sp_err_text(status->last_error));
    }
}

static void say_remedy(struct sp_check_pen *check)
{
    sp_check_remedy(check, "See `time`: a time server must be configured, and answer by UDP from "
                           "port 123.");
}

void sp_check_clock_judge(struct sp_check_run *run, const struct sp_clock_status *status)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_CLOCK);
    char age[48];
    uint64_t since;

    note_clock(check, status);
    if (!status->set) {
        sp_check_say(check, SP_CHECK_UNKNOWN, "unset",
                     "The time of day is not known: no time server has answered yet.");
        say_remedy(check);
        return;
    }
    since = status->utc > status->synced_at ? (uint64_t)(status->utc - status->synced_at) : 0;
    (void)sp_duration_text(since, age, sizeof age);
    if (since > STALE_S) {
        sp_check_say(check, SP_CHECK_FAIL, "stale",
                     "No time server has answered for %s, so the time of day may be wrong.", age);
        say_remedy(check);
    } else {
        sp_check_say(check, SP_CHECK_PASS, "ok", "A time server answered %s ago.", age);
    }
}
