/* A stage that fetches something over HTTP. The client is shared, and waited for once a run. */
#include "checks/checks_internal.h"

#include "base/err.h"
#include "base/scratch.h"

#include <string.h>

#define CLIENT_WAIT_MS 15000
#define CLIENT_AGAIN_MS 250

static void begin(const struct sp_check_stage *stage, struct sp_check_run *run, sp_time now)
{
    struct sp_http_call *call = &sp_check_work.fetch.call;
    struct sp_buf url;
    int err;

    sp_buf_init(&url, sp_check_work.fetch.url, sizeof sp_check_work.fetch.url);
    memset(call, 0, sizeof *call);
    call->method = "GET";
    call->url = sp_check_work.fetch.url;
    err = stage->request(run, call, &url);
    err = err == SP_OK ? sp_http_call_start(call, now) : err;
    if (err == SP_E_AGAIN && now < run->fetch_by) {
        return; /* somebody else's call is under way; ask again */
    }
    run->under_way = true;
    run->start_error = err;
    run->fetch_by = err == SP_E_AGAIN ? run->fetch_by : 0;
}

/* A fetch that could not even begin is a result of its own. */
static void take_result(const struct sp_check_stage *stage, struct sp_check_run *run)
{
    size_t mark = sp_scratch_mark();
    struct sp_http_result *none;

    if (run->start_error == 0) {
        stage->fetched(run, sp_http_call_result(&sp_check_work.fetch.call));
    } else {
        none = sp_scratch_take(sizeof *none);
        none->result = run->start_error;
        none->stage = "request";
        stage->fetched(run, none);
    }
    sp_scratch_release(mark);
    sp_http_call_release(&sp_check_work.fetch.call);
    run->under_way = false;
}

bool sp_check_fetch_step(const struct sp_check_stage *stage, struct sp_check_run *run, sp_time now,
                         sp_time *next)
{
    *next = now;
    if (!run->under_way) {
        run->fetch_by = run->fetch_by == 0 ? now + CLIENT_WAIT_MS : run->fetch_by;
        begin(stage, run, now);
        *next = run->under_way ? now : now + CLIENT_AGAIN_MS;
        return false;
    }
    if (run->start_error == 0 && !sp_http_call_done(&sp_check_work.fetch.call)) {
        *next = SP_NEVER;
        return false;
    }
    take_result(stage, run);
    return true;
}

void sp_check_fetch_cancel(struct sp_check_run *run)
{
    if (run->under_way) {
        sp_http_call_release(&sp_check_work.fetch.call);
    }
}
