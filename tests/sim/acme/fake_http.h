/*
 * fake_http: stands in for net/http_client. Requests to the CA go to the model CA, those to
 * another host come back to the appliance's own challenge. Answers take virtual time, and get lost,
 * and power goes, when told to.
 */
#ifndef SP_TEST_FAKE_HTTP_H
#define SP_TEST_FAKE_HTTP_H

#include "base/time.h"

#include <stdbool.h>

struct fake_http_faults {
    sp_time latency; /* ms from start to answer */
    unsigned busy;   /* that many starts are told to try again later */
    /* The CA's request of that number (from 1) and the next ones, lose_n in all (0: 1) … */
    unsigned lose_request_at; /* … never gets there */
    unsigned lose_answer_at;  /* … is acted on, but its answer is lost */
    unsigned lose_n;
    int lose_error;    /* 0: SP_E_TIMEOUT */
    unsigned twice_at; /* the request of that number is sent again: the first answer is lost */
    unsigned cut_before_at, cut_after_at; /* power goes before, or after the CA has acted on it */
    /* The appliance's own challenge, over IPv6 [0] and IPv4 [1]: an error; or an answer that is not
     * the appliance's. */
    int own_error[2];
    int own_status[2];
    const char *own_body[2];
};
extern struct fake_http_faults fake_http_faults;
extern unsigned fake_http_own; /* self-tests made */
/* Called when power goes; does not return. */
extern void (*fake_http_power)(void);

/* As after a start: nothing is under way, no faults. */
void fake_http_start(void);
/* Nobody has a call under way or an answer lent. */
bool fake_http_is_free(void);
/* When the answer that is under way comes; SP_NEVER when none is. */
sp_time fake_http_due(void);

#endif
