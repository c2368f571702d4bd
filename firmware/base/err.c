#include "base/err.h"

#include <stddef.h>

/* Indexed by the error's number without its sign. */
static const char *const texts[] = {
    [-SP_OK] = "it went well",
    [-SP_E_INVALID] = "an input breaks its rules",
    [-SP_E_SPACE] = "the answer does not fit the buffer meant for it",
    [-SP_E_AGAIN] = "nothing to be had yet",
    [-SP_E_NOT_FOUND] = "there is no such thing",
    [-SP_E_EXISTS] = "it is there already",
    [-SP_E_FULL] = "the flash or a table has no room left; delete something that is not needed",
    [-SP_E_IO] = "the hardware failed",
    [-SP_E_CORRUPT] = "what was stored does not match its checksum",
    [-SP_E_MEMORY] = "the memory set aside for this is used up; it will be tried again",
    [-SP_E_STATE] = "this is not possible in the present state",
    [-SP_E_ENTROPY] = "there is no source of randomness, so keys cannot be made",
    [-SP_E_CLOCK] = "the time of day is not known yet; check that an NTP server can be reached",
    [-SP_E_CLOSED] = "the peer closed the connection",
    [-SP_E_REFUSED] = "the peer refused the connection",
    [-SP_E_TIMEOUT] = "no answer came in time",
    [-SP_E_UNREACHABLE] = "the network has no route to that address",
    [-SP_E_DNS_NXDOMAIN] = "the DNS name does not exist",
    [-SP_E_DNS_NODATA] = "the DNS name exists but has no record of the type asked for",
    [-SP_E_DNS_SERVFAIL] = "the DNS resolver answered that it could not find out (SERVFAIL)",
    [-SP_E_DNS_REFUSED] = "the DNS resolver refused to answer; check that it serves this network",
    [-SP_E_DNS_TIMEOUT] = "no DNS resolver answered in time",
    [-SP_E_DNS_FORMAT] = "a DNS answer could not be understood",
    [-SP_E_DNS_NO_SERVER] = "no DNS resolver is configured; set one or turn on DHCP",
    [-SP_E_TLS] = "the TLS handshake failed",
    [-SP_E_TLS_ALERT] = "the peer ended the TLS connection with an alert",
    [-SP_E_CERT_EXPIRED] = "the certificate has expired",
    [-SP_E_CERT_FUTURE] = "the certificate is not valid yet by this appliance's clock",
    [-SP_E_CERT_NAME] = "the certificate is for another name",
    [-SP_E_CERT_UNTRUSTED] = "the certificate does not lead to a trusted root",
    [-SP_E_CERT_BAD] = "the certificate is defective",
    [-SP_E_HTTP] = "the answer is not proper HTTP",
    [-SP_E_TOO_BIG] = "the answer is larger than its limit",
    [-SP_E_CANCELLED] = "it was cancelled",
    [-SP_E_PROTOCOL] = "the peer broke its protocol",
};

const char *sp_err_text(int err)
{
    const int last = (int)(sizeof texts / sizeof texts[0]) - 1;

    if (err > 0 || err < -last || texts[-err] == NULL) {
        return "an unknown error";
    }
    return texts[-err];
}
