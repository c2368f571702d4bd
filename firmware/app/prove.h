/*
 * app/prove: whether an address is this appliance: a nonce is fetched from ourselves over it, from
 * a path of port 80 that answers only meanwhile.
 *
 * Memory: 0.3 KB static, one proof at a time. Threads: service task. Time: nothing blocks; a proof
 * takes at most 15 s while the HTTP client is busy, and 6 s more.
 */
#ifndef SP_APP_PROVE_H
#define SP_APP_PROVE_H

#include "base/time.h"
#include "net/addr.h"

#define SP_PROVE_PATH "/.well-known/sealpost/"

/* To be called again at each step until it says other than SP_E_AGAIN: 1 the address is this
 * appliance, 0 something else answers there, another error: it cannot be told (nobody answers,
 * SP_E_ENTROPY). Another address gives up the one before. */
int sp_app_prove(const struct sp_addr *addr, sp_time now);
/* What port 80 answers at SP_PROVE_PATH with that behind it: 0 and the text, or SP_E_NOT_FOUND. */
int sp_app_prove_answer(struct sp_span nonce, struct sp_buf *out);

#endif
