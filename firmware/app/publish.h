/*
 * app/publish: keeps the records of the domains at the operator's DNS server as they should be, by
 * dynamic update (net/dns_update), when one is configured (settings: publish).
 *
 * One domain at a time, A and AAAA of the policy host before the TXT that names the policy, which
 * is put only while the policy is served; after the end of a policy the TXT goes first. A record is
 * the appliance's when it is what was put last (kept in the domain's record, `put`), an address of
 * the appliance, or a policy's TXT ("v=STSv1"); all others stay as they are.
 *
 * Memory: 0.1 KB static. While a domain is being published the HTTP client's buffer is borrowed; no
 * call begins meanwhile. Threads: service task. Time: nothing blocks.
 */
#ifndef SP_APP_PUBLISH_H
#define SP_APP_PUBLISH_H

#include "base/time.h"

#include <stdbool.h>

/* After start, and when the server or the addresses to publish have changed: all domains are looked
 * at. With verify the server is asked for records that were put before, too. */
void sp_app_publish_all(bool verify);
/* A domain changed: when its records are others than those put last, they are published soon. Loads
 * the domain. */
void sp_app_publish_look(const char *domain);
sp_time sp_app_publish_step(sp_time now);

#endif
