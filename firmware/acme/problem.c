#include "acme/problem.h"

#include "acme/json.h"
#include "base/err.h"

#include <string.h>

#define TYPE_PREFIX "urn:ietf:params:acme:error:"
#define SUBPROBLEMS_MAX 4
#define TAIL_SIZE 400       /* of the sentence; a remedy may name the host */
#define URL_IN_SENTENCE 120 /* longer ones are shown apart */

static const struct advice {
    const char *type;
    bool validation; /* as a validation's result; other entries serve for both */
    int error;
    const char *what;
    const char *remedy;
} advices[] = {
    /* Results of a validation */
    {"unauthorized", true, SP_E_REFUSED,
     "The CA fetched the challenge of {host} and got a wrong answer",
     "Make sure that http://{host}/ on port 80 reaches this appliance over every A and AAAA "
     "address"},
    {"incorrectResponse", true, SP_E_REFUSED,
     "The CA fetched the challenge of {host} and got a wrong answer",
     "Make sure that http://{host}/ on port 80 reaches this appliance over every A and AAAA "
     "address"},
    {"connection", true, SP_E_REFUSED, "The CA could not connect to {host} on port 80",
     "Forward port 80 of every A and AAAA address of {host} to this appliance, or remove the "
     "address "
     "that does not lead here"},
    {"tls", true, SP_E_REFUSED, "The CA met a TLS error while validating {host}",
     "Make sure that nothing in front of this appliance redirects http://{host}/ to another "
     "server"},
    {"dns", false, SP_E_REFUSED, "The CA could not look up {host} in DNS",
     "Check its A and AAAA records and DNSSEC at the DNS provider; a new record can take some "
     "minutes until all servers have it"},
    {"caa", false, SP_E_REFUSED, "A CAA record forbids this CA to issue for {host}",
     "Add a CAA record that allows this CA, or remove the one that forbids it"},
    /* Answers to a request */
    {"accountDoesNotExist", false, SP_E_REFUSED, "The CA does not know our account any more",
     "Try again: the account is then made anew with the same key"},
    {"unauthorized", false, SP_E_REFUSED, "The CA does not accept this account",
     "If the account was deactivated, forget it (factory-reset forget-account) and agree to the "
     "terms again; otherwise ask the CA"},
    {"externalAccountRequired", false, SP_E_REFUSED,
     "The CA wants an account that is bound to a contract with it (external account binding), "
     "which "
     "this firmware does not offer",
     "Choose another CA with \"ca set URL\""},
    {"userActionRequired", false, SP_E_REFUSED, "The CA wants something of you before it goes on",
     "Do what the CA's page asks, then try again"},
    {"rateLimited", false, SP_E_REFUSED, "The CA's limit on requests is used up",
     "Nothing needs to be done: it is tried again later. More attempts make the wait longer"},
    {"rejectedIdentifier", false, SP_E_REFUSED, "The CA does not issue certificates for {host}",
     "Check the spelling of the domain; some names are barred by the CA's policy"},
    {"unsupportedIdentifier", false, SP_E_REFUSED, "The CA does not issue certificates for {host}",
     "Check the spelling of the domain; some names are barred by the CA's policy"},
    {"serverInternal", false, SP_E_REFUSED, "The CA has a fault of its own",
     "Nothing needs to be done: it is tried again later. See the CA's status page if it goes on"},
    {"invalidContact", false, SP_E_REFUSED, "The CA insists on a contact address",
     "Choose another CA with \"ca set URL\""},
    {"unsupportedContact", false, SP_E_REFUSED, "The CA insists on a contact address",
     "Choose another CA with \"ca set URL\""},
    {"orderNotReady", false, SP_E_REFUSED, "The CA says that the order is not ready",
     "Try again: a new order is made"},
    {"badNonce", false, SP_E_REFUSED, "The CA refused every one of many fresh nonces",
     "Try again later; a proxy between this appliance and the CA may be answering from a cache"},
    {"badCSR", false, SP_E_REFUSED, "The CA refused the certificate request for {host}",
     "Try again; if it stays so, report it with the log"},
    {"badPublicKey", false, SP_E_REFUSED, "The CA refused our key",
     "Choose another CA with \"ca set URL\""},
    {"badSignatureAlgorithm", false, SP_E_REFUSED, "The CA does not accept ES256 signatures",
     "Choose another CA with \"ca set URL\""},
    {"malformed", false, SP_E_REFUSED, "The CA could not make sense of our request",
     "Try again; if it stays so, report it with the log"},
    {"compound", false, SP_E_REFUSED, "The CA has several objections",
     "Each is named; try again when they are dealt with"},
};

static const struct advice other = {"", false, SP_E_REFUSED, "The CA refused the request",
                                    "Try again later; if it stays so, ask the CA"};
static const struct advice broken = {"", false, SP_E_PROTOCOL, "The CA gave an unexpected answer",
                                     "Check the address of the CA (\"ca\"), then try again"};
static const struct advice overloaded = {
    "", false, SP_E_REFUSED, "The CA is out of order or overloaded",
    "Nothing needs to be done: it is tried again later. See the CA's status page if it goes on"};

/* Appends text as one line: controls become spaces. */
static void put_line(struct sp_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        bool control = (unsigned char)*text < ' ' || *text == 0x7F;

        sp_buf_put(out, control ? " " : text, 1);
    }
}

/* Takes away the rest of a UTF-8 character that was cut in two. */
static void mend_end(struct sp_buf *buf)
{
    size_t i = buf->len;
    unsigned char lead;

    while (i > 0 && ((unsigned char)buf->p[i - 1] & 0xC0) == 0x80) {
        i--;
    }
    if (i == 0 || buf->len - i >= 3) {
        return;
    }
    lead = (unsigned char)buf->p[i - 1];
    if ((lead >= 0xC0 && buf->len - i < 1) || (lead >= 0xE0 && buf->len - i < 2) || lead >= 0xF0) {
        buf->len = i - 1;
        buf->p[buf->len] = '\0';
    }
}

static void trim_end(struct sp_buf *buf)
{
    while (buf->len > 0 && strchr(" .", buf->p[buf->len - 1]) != NULL) {
        buf->p[--buf->len] = '\0';
    }
}

/* What stands for a URL in running text ends at a blank or a bracket, not at a full stop after it.
 */
static void find_url(const char *text, char *out)
{
    const char *at = strstr(text, "https://");
    size_t n;

    if (at == NULL) {
        return;
    }
    n = strcspn(at, " \t\r\n<>\"'()[]{}");
    while (n > 0 && strchr(".,;:", at[n - 1]) != NULL) {
        n--;
    }
    if (sp_span_copy(sp_span(at, n), out, SP_URL_MAX) < 0 || !sp_acme_url_ok(out)) {
        out[0] = '\0';
    }
}

/* NULL when the document has none of RFC 8555's. */
static const char *find_type(const struct cJSON *document)
{
    static const char prefix[] = TYPE_PREFIX;
    const char *type = sp_acme_json_text(document, "type");

    if (type == NULL || strncmp(type, prefix, sizeof prefix - 1) != 0) {
        return NULL;
    }
    return type + sizeof prefix - 1;
}

static void read_type(const struct cJSON *document, struct sp_acme_problem *problem)
{
    const char *type = find_type(document);

    for (const char *c = type; c != NULL && *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~') {
            return;
        }
    }
    if (type != NULL) {
        (void)sp_span_copy(sp_span_str(type), problem->type, sizeof problem->type);
    }
}

static void read_subproblems(const struct cJSON *document, struct sp_buf *detail)
{
    const struct cJSON *list = sp_acme_json_array(document, "subproblems");

    for (unsigned i = 0; i < SUBPROBLEMS_MAX && i < sp_acme_json_count(list); i++) {
        const struct cJSON *item = sp_acme_json_item(list, i);
        const char *words = sp_acme_json_text(item, "detail");
        const char *host = sp_acme_json_text(sp_acme_json_object(item, "identifier"), "value");

        if (words == NULL) {
            continue;
        }
        if (detail->len > 0) {
            sp_buf_puts(detail, "; ");
        }
        if (host != NULL) {
            put_line(detail, host);
            sp_buf_puts(detail, ": ");
        }
        put_line(detail, words);
        trim_end(detail);
    }
}

void sp_acme_problem_read(const struct cJSON *document, struct sp_acme_problem *problem)
{
    const char *words = sp_acme_json_text(document, "detail");
    struct sp_buf detail;

    read_type(document, problem);
    sp_buf_init(&detail, problem->detail, sizeof problem->detail);
    if (words != NULL) {
        put_line(&detail, words);
    }
    trim_end(&detail);
    read_subproblems(document, &detail);
    if (detail.cut) {
        mend_end(&detail);
    }
    if (sp_acme_json_url(document, "instance", problem->url) < 0 && words != NULL) {
        find_url(words, problem->url);
    }
}

void sp_acme_problem_answer(struct sp_span body, int status, struct sp_acme_problem *problem)
{
    struct cJSON *document;
    struct sp_buf detail;

    problem->status = status;
    if (sp_acme_json_parse(body, &document) == 0) {
        sp_acme_problem_read(document, problem);
    }
    sp_acme_json_free(document);
    if (problem->type[0] == '\0' && problem->detail[0] == '\0') {
        sp_buf_init(&detail, problem->detail, sizeof problem->detail);
        sp_buf_printf(&detail, "HTTP status %d without an explanation", status);
    }
}

bool sp_acme_problem_is(const struct sp_acme_problem *problem, const char *type)
{
    return strcmp(problem->type, type) == 0;
}

bool sp_acme_problem_names(struct sp_span body, const char *type)
{
    struct cJSON *document;
    const char *named = NULL;
    bool same;

    if (sp_acme_json_parse(body, &document) == 0) {
        named = find_type(document);
    }
    same = named != NULL && strcmp(named, type) == 0;
    sp_acme_json_free(document);
    return same;
}

static const struct advice *find_advice(const struct sp_acme_problem *problem, bool validation)
{
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        if (sp_acme_problem_is(problem, advices[i].type) &&
            (validation || !advices[i].validation)) {
            return &advices[i];
        }
    }
    if (problem->type[0] != '\0') {
        return &other;
    }
    if (problem->status == 429 || problem->status >= 500) {
        return &overloaded;
    }
    return validation ? &other : &broken;
}

void sp_acme_problem_explain(struct sp_acme_problem *problem, const char *host, bool validation)
{
    const struct advice *advice = find_advice(problem, validation);

    sp_acme_problem_say(problem, advice->error, advice->what, advice->remedy, host);
}

static void put_template(struct sp_buf *out, const char *template, const char *host)
{
    static const char mark[] = "{host}";
    const char *at;

    while ((at = strstr(template, mark)) != NULL) {
        sp_buf_put(out, template, (size_t)(at - template));
        sp_buf_puts(out, host[0] != '\0' ? host : "the policy host");
        template = at + sizeof mark - 1;
    }
    sp_buf_puts(out, template);
}

static void put_tail(struct sp_buf *out, const struct sp_acme_problem *problem, const char *remedy,
                     const char *host)
{
    sp_buf_puts(out, ".");
    if (remedy[0] != '\0') {
        sp_buf_puts(out, " ");
        put_template(out, remedy, host);
        sp_buf_puts(out, ".");
    }
    if (problem->url[0] != '\0' && strlen(problem->url) < URL_IN_SENTENCE &&
        strstr(problem->detail, problem->url) == NULL) {
        sp_buf_printf(out, " See %s .", problem->url);
    }
}

/* The end is written first, to know how much room it leaves. */
void sp_acme_problem_say(struct sp_acme_problem *problem, int err, const char *what,
                         const char *remedy, const char *host)
{
    char end[TAIL_SIZE];
    struct sp_buf tail;
    struct sp_buf out;

    problem->error = err;
    sp_buf_init(&tail, end, sizeof end);
    put_tail(&tail, problem, remedy, host);
    sp_buf_init(&out, problem->sentence, sizeof problem->sentence - tail.len);
    put_template(&out, what, host);
    if (problem->detail[0] != '\0') {
        sp_buf_puts(&out, ": ");
        put_line(&out, problem->detail);
    }
    if (out.cut) {
        mend_end(&out);
    }
    trim_end(&out);
    memcpy(problem->sentence + out.len, end, tail.len + 1);
}
