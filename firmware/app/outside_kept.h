/*
 * app/outside_kept: of each domain the days of four events, in flash: the last policy fetch and the
 * last validation from outside, over IPv4 and over IPv6.
 *
 * By day, so that what goes on every minute is written once a day; and by hash of the domain, so
 * that all domains that the store can hold fit into a few records of one block each: the store's
 * index, which is RAM, has no room for a record a domain beside the domain's own, and to write that
 * one, key and leaf included, for each new day would be dear. docs/checks.md has the bytes.
 *
 * Memory: 0.2 KB static; 3.9 KB of scratch in the step. Threads: service task. Time: keep and get
 * read up to 4 KB of flash. A domain's first fetch or validation over a family is written in the
 * next step; others are gathered for SP_KEPT_EVERY_MS.
 */
#ifndef SP_APP_OUTSIDE_KEPT_H
#define SP_APP_OUTSIDE_KEPT_H

#include "checks/seen.h"

#define SP_KEPT_EVENTS 4U /* fetch, validation over IPv4; the same over IPv6 */
#define SP_KEPT_EVERY_MS 600000

/* domain: hash of its name. */
void sp_kept_add(uint32_t domain, unsigned event, const struct sp_seen_moment *moment);
void sp_kept_get(uint32_t domain, struct sp_seen_moment out[SP_KEPT_EVENTS]);
/* Whether that moment is to stand in place of the other: the later one, but a private address does
 * not hide a public one while that says something. Pure. */
bool sp_kept_replaces(const struct sp_seen_moment *moment, const struct sp_seen_moment *other);
sp_time sp_kept_step(sp_time now);
/* Forgets what is not written yet. */
void sp_kept_forget(void);

#endif
