/*
 * world: one appliance with a real store on a flash part in memory, the model CA, and virtual time.
 */
#ifndef SP_TEST_ACME_WORLD_H
#define SP_TEST_ACME_WORLD_H

#include "acme/acme.h"
#include "fake_http.h"
#include "model_ca.h"
#include "nor_emulator/nor_emulator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HOST "mta-sts.example.test"
#define UTC 1800000000

struct world {
    struct sp_nor nor;
    struct sp_store store;
    struct sp_store_entry entries[64];
    jmp_buf power; /* where a power cut leads */
};
extern struct world world;

/* Everything new: blank flash, a CA without accounts. The appliance is not started. */
void world_new(void);
/* Starts the appliance on what is in flash. */
void world_boot(void);
/* Power comes back after a cut. */
void world_power_on(void);
/* The operator agrees to the terms, unless that is done. */
void world_agree(void);
/* Runs until the order is done or failed, or nothing is under way. The phase. */
enum sp_acme_phase world_run(void);
/* world_run after sp_acme_order. */
enum sp_acme_phase world_order(const char *host);
/* All from a blank appliance to the end of an order. */
enum sp_acme_phase world_enable(const char *host);
/* The result is right: a key, a leaf for host and that key, links in order. */
void world_check_result(const char *host, unsigned links);
/* The CA has seen nothing that no client may do; no JSON is left over. */
void world_check_clean(void);
/* The problem's sentence is whole and says that. */
void world_sentence_has(const char *part);
/* The order failed with a problem of that type, in that phase, whose sentence says that. */
void world_fails_with(const char *type, enum sp_acme_phase phase, const char *part);
bool world_has_order(void); /* in the store */

#endif
