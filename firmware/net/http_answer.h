/*
 * net/http_answer: the bytes of a response, head and body in one piece.
 */
#ifndef SP_NET_HTTP_ANSWER_H
#define SP_NET_HTTP_ANSWER_H

#include "base/limits.h"
#include "net/http_server.h"

/* The body begins here, so that its head can be put right before it once its length is known. */
#define SP_HTTP_HEAD_ROOM (SP_HTTP_RESPONSE_MAX - SP_POLICY_TEXT_MAX)
#define SP_HTTP_EXTRA_MAX 1024 /* bytes of extra header lines */

struct sp_http_answer {
    bool used;
    char bytes[SP_HTTP_RESPONSE_MAX + 1]; /* of which [at, end) is the response */
    size_t at, end;
    struct sp_buf extra, body; /* for the handler; extra's array is all answers' */
};

/* Makes it ready for a handler to write into; to be finished before another one is made ready. */
void sp_http_answer_init(struct sp_http_answer *answer);
/* Puts the response together: [at, end) is to be sent. A response that does not fit becomes a 500;
 * its status is returned. utc 0: without a date. */
int sp_http_answer_finish(struct sp_http_answer *answer, const struct sp_http_response *response,
                          bool head_only, bool close, sp_utc utc);

#endif
