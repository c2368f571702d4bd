/*
 * net/http_answer: puts the bytes of a response together.
 *
 * Memory: scratch (base/scratch), which the caller gives back once it has copied the response.
 */
#ifndef SP_NET_HTTP_ANSWER_H
#define SP_NET_HTTP_ANSWER_H

#include "base/limits.h"
#include "net/http_server.h"

#define SP_HTTP_HEAD_ROOM (SP_HTTP_RESPONSE_MAX - SP_POLICY_TEXT_MAX) /* before a body */
#define SP_HTTP_EXTRA_MAX 1024 /* bytes of extra header lines */

struct sp_http_answer {
    struct sp_buf extra, body; /* for the handler */
    struct sp_span head, tail; /* once finished: what is to be sent */
};

/* Makes it ready for a handler to write into. */
void sp_http_answer_init(struct sp_http_answer *answer);
/* Puts the response together, SP_HTTP_RESPONSE_MAX bytes at most. One that does not fit becomes a
 * 500; its status is returned. utc 0: without a date. */
int sp_http_answer_finish(struct sp_http_answer *answer, const struct sp_http_response *response,
                          bool head_only, bool close, sp_utc utc);
/* Copies it to a place with room for head.n + tail.n bytes. */
void sp_http_answer_copy(const struct sp_http_answer *answer, char *out);

#endif
