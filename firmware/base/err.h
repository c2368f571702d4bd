/*
 * base/err: the errors of all rooms.
 *
 * A function that can fail returns 0 or a positive value when it did not, and one of these when it
 * did. Each has one sentence for people, written once, in err.c.
 */
#ifndef SP_BASE_ERR_H
#define SP_BASE_ERR_H

enum sp_err {
    SP_OK = 0,
    SP_E_INVALID = -1,        /* an argument or input breaks its rules */
    SP_E_SPACE = -2,          /* the caller's buffer is too small */
    SP_E_AGAIN = -3,          /* nothing to be had now: ask again after the next step */
    SP_E_NOT_FOUND = -4,      /* there is no such thing */
    SP_E_EXISTS = -5,         /* it is there already */
    SP_E_FULL = -6,           /* flash or a table has no room left */
    SP_E_IO = -7,             /* the hardware failed */
    SP_E_CORRUPT = -8,        /* stored bytes do not match their checksum or format */
    SP_E_MEMORY = -9,         /* a bounded pool is used up */
    SP_E_STATE = -10,         /* not possible in the present state */
    SP_E_ENTROPY = -11,       /* no seed: keys cannot be made */
    SP_E_CLOCK = -12,         /* the time of day is not known yet */
    SP_E_CLOSED = -13,        /* the peer closed or reset the connection */
    SP_E_REFUSED = -14,       /* the peer refused the connection */
    SP_E_TIMEOUT = -15,       /* no answer in time */
    SP_E_UNREACHABLE = -16,   /* no route or no such host on the network */
    SP_E_DNS_NXDOMAIN = -17,  /* the name does not exist */
    SP_E_DNS_NODATA = -18,    /* the name exists, but has no record of that type */
    SP_E_DNS_SERVFAIL = -19,  /* the resolver answered that it failed */
    SP_E_DNS_REFUSED = -20,   /* the resolver refused to answer */
    SP_E_DNS_TIMEOUT = -21,   /* no resolver answered */
    SP_E_DNS_FORMAT = -22,    /* an answer could not be understood */
    SP_E_DNS_NO_SERVER = -23, /* no resolver is configured */
    SP_E_TLS = -24,           /* the TLS handshake failed; the stream has the reason in words */
    SP_E_TLS_ALERT = -25,     /* the peer sent a fatal alert; the stream has its name */
    SP_E_CERT_EXPIRED = -26,
    SP_E_CERT_FUTURE = -27,    /* not yet valid by our clock */
    SP_E_CERT_NAME = -28,      /* no dNSName matches */
    SP_E_CERT_UNTRUSTED = -29, /* the chain does not lead to a trusted root */
    SP_E_CERT_BAD = -30,       /* any other defect of a certificate */
    SP_E_HTTP = -31,           /* what came back is not HTTP, or breaks a limit */
    SP_E_TOO_BIG = -32,        /* the body or a record is over its limit */
    SP_E_CANCELLED = -33,
    SP_E_PROTOCOL = -34 /* the peer broke its protocol */
};

/* What happened, in one sentence without a full stop, e.g. "the peer refused the connection".
 * Static text; never NULL, also for numbers that are none of ours. */
const char *sp_err_text(int err);

#endif
