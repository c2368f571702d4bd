/*
 * count: how many instructions the firmware takes for its jobs, on the board's own core.
 *
 * The whole firmware is linked in. Under `qemu -icount shift=0` an instruction takes a nanosecond
 * of the machine's time, and a tick of the second hardware timer, which the firmware does not use,
 * is ten of them: that is the resolution. Apart from the boot, scenarios run without scheduler,
 * interrupts and network, so that nothing comes between.
 *
 *   count.c          how a scenario tells what it found
 *   count_boot.c     the clock; from the reset to the first sleep, as shipped; the others' start
 *   count_service.c  the service without its loop: store, policy host, time, fixed randomness
 *   count_tls.c      handshakes and requests, both ends in here
 *   count_find.c     one of many domains, by the name that a client asks for
 *   count_order.c    the keys, signatures and certificates of an order
 *
 * Each finding goes to the UART as a line "count NAME KEY=NUMBER …". The first line is
 * "count-begin", the last one "count-end", or "count-failed WHERE: ERROR".
 */
#ifndef SP_COUNT_H
#define SP_COUNT_H

#include "base/err.h"
#include "base/text.h"
#include "base/time.h"
#include "net/tls.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

/* What to do. The numbers stand in tools/count, too. */
enum count_scenario { COUNT_BOOT = 1, COUNT_TLS = 2, COUNT_FIND = 3, COUNT_ORDER = 4 };

/* --- count.c --- */
/* Starts the clock: the first thing after the reset. */
uint64_t count_now(void);
/* A line to the UART; takes little of the stack. */
void count_say(const char *line);
void count_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void count_report(const char *name, uint64_t instructions);
/* Ends, and says where, when err is negative. */
void count_need(int err, const char *where);
_Noreturn void count_end(void);

/* --- count_service.c --- */
/* sealpost_start, and a time of day at which the store's certificates are valid. Once. */
void count_service_start(void);
struct sp_store *count_store(void);
/* Instructions of the last sp_store_mount. */
uint64_t count_mount(void);
/* As TLS asks the policy host for the identity of a name; it lies in scratch memory, which the
 * caller releases. */
int count_lookup(const char *host, struct sp_tls_identity *out);
/* Hands the policy host a connection to port 443. */
void count_arrive(struct sp_stream *stream);
/* The host of the domain that the store's walk meets as number i. */
void count_host(unsigned i, char out[SP_DOMAIN_SIZE]);
/* Makes the first domain's chain one intermediate long, and that one's issuer a root. */
void count_shorten_chain(void);

/* --- scenarios --- */
void count_tls(void);
void count_find(void);
void count_order(void);
/* One handshake with the host and GET of its policy, as the firmware's client does it. */
void count_serve(const char *name, const char *host);

#endif
