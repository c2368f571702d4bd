/*
 * acme/order: reads order and authorization objects (RFC 8555 7.1.3, 7.1.4, 8).
 *
 * Pure functions apart from the JSON pool. Errors: SP_E_PROTOCOL when the object is not what RFC
 * 8555 says, SP_E_MEMORY; out is then undefined.
 */
#ifndef SP_ACME_ORDER_H
#define SP_ACME_ORDER_H

#include "acme/acme.h"
#include "acme/jws.h"

enum sp_acme_status {
    SP_ACME_PENDING,
    SP_ACME_READY,
    SP_ACME_PROCESSING,
    SP_ACME_VALID,
    SP_ACME_INVALID /* also deactivated, expired, revoked */
};

struct sp_acme_order_object {
    enum sp_acme_status status;
    char authorization[SP_URL_MAX];
    char finalize[SP_URL_MAX];
    char certificate[SP_URL_MAX]; /* "" unless valid */
};

/* The order has to be for host alone. problem gets what the order says of its failure, when it
 * does. */
int sp_acme_order_parse(struct sp_span body, const char *host, struct sp_acme_order_object *out,
                        struct sp_acme_problem *problem);

struct sp_acme_authorization {
    enum sp_acme_status status;
    enum sp_acme_status challenge_status; /* of http-01 */
    char challenge[SP_URL_MAX];           /* URL of http-01; "" when it is not offered */
    char token[SP_ACME_TOKEN_MAX + 1];
};

int sp_acme_authorization_parse(struct sp_span body, const char *host,
                                struct sp_acme_authorization *out, struct sp_acme_problem *problem);

#endif
