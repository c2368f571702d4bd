/* What the model CA's files share. Not for tests. */
#ifndef SP_TEST_MODEL_STATE_H
#define SP_TEST_MODEL_STATE_H

#include "model_ca.h"

#define ACCOUNTS 16
#define ORDERS 400
#define NONCES 65536
#define COORDINATE 48
#define PAYLOAD 2048

struct model_account {
    char x[COORDINATE], y[COORDINATE];
    bool closed;
};

struct model_order {
    unsigned account;
    char host[256];
    char token[48];
    /* The challenge: the CA was told of it, has fetched it, found it right. */
    bool told, fetched, good;
    unsigned looks; /* at the authorization, after it was told */
    bool ready_seen;
    bool finalized;
    unsigned order_looks; /* after finalize */
    uint8_t public_key[128];
    size_t public_key_n;
};

struct model_state {
    model_ca_fetch fetch;
    struct model_account accounts[ACCOUNTS];
    unsigned accounts_n;
    struct model_order orders[ORDERS];
    unsigned orders_n;
    uint8_t nonces[NONCES]; /* 1: given out, 2: used */
    unsigned nonces_n;
    uint32_t random;
};
extern struct model_state model_state;

/* A signed request, taken apart. */
struct model_jws {
    char header[2048];
    char payload[PAYLOAD];
    char url[400], nonce[200], kid[400];
    char x[COORDINATE], y[COORDINATE];
    unsigned account;
};

/* Answers: a status with a body, a problem, or the complaint that a client did what none may. */
void model_say(struct model_reply *reply, int status, const char *body);
void model_refuse(struct model_reply *reply, int status, const char *type, const char *detail);
void model_bad(struct model_reply *reply, const char *why);
/* A pseudo-random number, the same ones in each run. */
uint32_t model_draw(void);
/* Takes the request apart and checks it. False when it was answered already. */
bool model_open(const struct model_request *request, bool new_account, struct model_jws *jws,
                struct model_reply *reply);

#endif
