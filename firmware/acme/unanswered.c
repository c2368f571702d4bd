/* Why a request to the CA got no answer, and what to do about it. */
#include "acme/problem.h"

#include "base/err.h"

#include <string.h>

#define REACH                                                                                      \
    "Check the network (\"net\") and that the firewall lets this appliance out to port 443, then " \
    "try again"
#define RESOLVE "Check the DNS servers (\"net\") and the address of the CA (\"ca\"), then try again"

static const struct advice {
    int err;
    const char *what;
    const char *remedy;
} advices[] = {
    {SP_E_DNS_NXDOMAIN, "The CA's host {host} does not exist in DNS", RESOLVE},
    {SP_E_DNS_NODATA, "The CA's host {host} has no address in DNS", RESOLVE},
    {SP_E_DNS_SERVFAIL, "The CA's host {host} could not be looked up", RESOLVE},
    {SP_E_DNS_REFUSED, "The CA's host {host} could not be looked up", RESOLVE},
    {SP_E_DNS_TIMEOUT, "The CA's host {host} could not be looked up", RESOLVE},
    {SP_E_DNS_FORMAT, "The CA's host {host} could not be looked up", RESOLVE},
    {SP_E_DNS_NO_SERVER, "The CA's host {host} could not be looked up", RESOLVE},
    {SP_E_TIMEOUT, "The CA at {host} did not answer in time", REACH},
    {SP_E_REFUSED, "The CA at {host} could not be reached", REACH},
    {SP_E_UNREACHABLE, "The CA at {host} could not be reached", REACH},
    {SP_E_CLOSED, "The CA at {host} closed the connection before it had answered", REACH},
    {SP_E_CLOCK, "The certificate of the CA's server {host} cannot be checked",
     "Check the time server (\"time\", \"net ntp HOST\")"},
    {SP_E_CERT_FUTURE, "The certificate of the CA's server {host} is not valid yet",
     "Check the time of this appliance (\"time\")"},
    {SP_E_CERT_EXPIRED, "The certificate of the CA's server {host} has expired",
     "Check the time of this appliance (\"time\"); if it is right, ask the CA"},
    {SP_E_CERT_UNTRUSTED, "The certificate of the CA's server {host} leads to no trusted root",
     "If this is a private CA, add its root with \"trust add\"; otherwise something between this "
     "appliance and the CA opens TLS, and has to let it through"},
    {SP_E_CERT_NAME, "The server at {host} shows a certificate for another name",
     "Check the address of the CA (\"ca\") and what DNS says of it"},
    {SP_E_CERT_BAD, "The server at {host} shows a broken certificate",
     "Check the address of the CA (\"ca\")"},
    {SP_E_TLS, "No TLS connection to the CA at {host} came about",
     "Check that nothing between this appliance and the CA opens TLS, then try again"},
    {SP_E_TLS_ALERT, "The CA at {host} refused the TLS connection",
     "Check that nothing between this appliance and the CA opens TLS, then try again"},
    {SP_E_HTTP, "The server at {host} did not answer in HTTP",
     "Check the address of the CA (\"ca\") and that no proxy stands in between"},
    {SP_E_TOO_BIG, "The CA at {host} sent more than this appliance takes",
     "Check the address of the CA (\"ca\")"},
    {SP_E_PROTOCOL, "The CA at {host} gave no nonce",
     "Check the address of the CA (\"ca\") and that no proxy stands in between"},
    {SP_E_CORRUPT, "The key of the account with {host} cannot be read from flash",
     "Forget the account (\"factory-reset forget-account\") and agree to the terms again"},
    {SP_E_NOT_FOUND, "There is no account with {host}", "Agree to the CA's terms (\"ca agree\")"},
    {SP_E_IO, "The key of the account with {host} cannot be read from flash",
     "Restart the appliance; if it stays so, its flash is worn out"},
    {SP_E_INVALID, "The address of the CA at {host} cannot be used",
     "It has to begin with https:// and a host name; check it (\"ca\")"},
    {SP_E_MEMORY, "There was no memory for the connection to the CA at {host}",
     "Try again when fewer connections are open"},
};

static const struct advice *find_advice(int err)
{
    static const struct advice unknown = {0, "The request to the CA at {host} failed",
                                          "Try again; if it stays so, see the log"};

    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        if (advices[i].err == err) {
            return &advices[i];
        }
    }
    return &unknown;
}

void sp_acme_problem_unanswered(struct sp_acme_problem *problem, int err, const char *stage,
                                const char *words, const char *ca)
{
    const struct advice *advice = find_advice(err);
    struct sp_buf detail;

    sp_buf_init(&detail, problem->detail, sizeof problem->detail);
    sp_buf_puts(&detail, words[0] != '\0' ? words : sp_err_text(err));
    if (stage != NULL && stage[0] != '\0') {
        sp_buf_printf(&detail, " (%s)", stage);
    }
    sp_acme_problem_say(problem, err, advice->what, advice->remedy, ca);
}
