/* The proof of an address, against a client that ends as the test says. */
#include "cm.h"

#include "app/prove.h"
#include "base/err.h"
#include "net/http_client.h"
#include "sp_port.h"

#include <string.h>

static const struct sp_http_call *calling;
static struct sp_http_result result;
static const char *body; /* NULL: what port 80 answers */
static char answer[64], asked[SP_URL_MAX];
static unsigned starts, releases, busy;
static bool done;
static int random_error;
static uint8_t seed;

int __wrap_sp_port_random(void *p, size_t n);
int __wrap_sp_port_random(void *p, size_t n)
{
    memset(p, seed++, n);
    return random_error;
}

int sp_http_call_start(const struct sp_http_call *call, sp_time now)
{
    (void)now;
    if (busy > 0) {
        busy--;
        return SP_E_AGAIN;
    }
    assert_null(calling);
    assert_string_equal(call->method, "GET");
    calling = call;
    strcpy(asked, call->url);
    starts++;
    return SP_OK;
}

bool sp_http_call_done(const struct sp_http_call *call)
{
    return calling != call || done;
}

/* The answer, made when the request arrives. */
const struct sp_http_result *sp_http_call_result(const struct sp_http_call *call)
{
    struct sp_buf out;

    assert_ptr_equal(calling, call);
    sp_buf_init(&out, answer, sizeof answer);
    if (body != NULL) {
        sp_buf_puts(&out, body);
    } else {
        (void)sp_app_prove_answer(sp_span_str(strrchr(asked, '/') + 1), &out);
    }
    result.body = sp_buf_span(&out);
    return &result;
}

void sp_http_call_release(const struct sp_http_call *call)
{
    if (calling == call) {
        calling = NULL;
        releases++;
    }
}

static struct sp_addr addr(const char *text)
{
    struct sp_addr out;

    assert_int_equal(sp_addr_parse(sp_span_str(text), &out), 0);
    return out;
}

static int begin(void **state)
{
    struct sp_addr other = addr("192.0.2.250");
    (void)state;

    busy = 0;
    random_error = SP_E_ENTROPY; /* gives up what a test left */
    calling = NULL;
    assert_int_equal(sp_app_prove(&other, 1000000000), SP_E_ENTROPY);
    result = (struct sp_http_result){.status = 200};
    body = NULL;
    starts = releases = 0;
    random_error = 0;
    done = false;
    return 0;
}

static const struct row {
    int err, status;
    const char *body;
    int verdict;
} rows[] = {
    {0, 200, NULL, 1},
    {0, 200, "", 0},
    {0, 200, "a router", 0},
    {0, 404, NULL, 0},
    {0, 301, "", 0},
    {SP_E_HTTP, 0, NULL, 0},
    {SP_E_TOO_BIG, 0, NULL, 0},
    {SP_E_REFUSED, 0, NULL, SP_E_REFUSED},
    {SP_E_TIMEOUT, 0, NULL, SP_E_TIMEOUT},
    {SP_E_UNREACHABLE, 0, NULL, SP_E_UNREACHABLE},
};

static void each_end_is_told_apart(void **state)
{
    struct sp_addr at = addr("198.51.100.7");

    for (size_t i = 0; i < COUNT(rows); i++) {
        (void)begin(state);
        assert_int_equal(sp_app_prove(&at, 1000), SP_E_AGAIN);
        assert_int_equal(sp_app_prove(&at, 1001), SP_E_AGAIN);
        result.result = rows[i].err;
        result.status = rows[i].status;
        body = rows[i].body;
        done = true;
        assert_int_equal(sp_app_prove(&at, 1002), rows[i].verdict);
        assert_int_equal(starts, 1);
        assert_int_equal(releases, 1);
    }
}

static void the_url_has_the_address(void **state)
{
    struct sp_addr at = addr("198.51.100.7");
    struct sp_addr at6 = addr("2001:db8:1111:2222:3333:4444:5555:6666");

    (void)state;
    assert_int_equal(sp_app_prove(&at, 1000), SP_E_AGAIN);
    assert_non_null(strstr(asked, "http://198.51.100.7/.well-known/sealpost/"));
    assert_int_equal(strlen(asked), strlen("http://198.51.100.7/.well-known/sealpost/") + 22);
    assert_int_equal(sp_app_prove(&at6, 1000), SP_E_AGAIN); /* the first is given up */
    assert_int_equal(releases, 1);
    assert_non_null(
        strstr(asked, "http://[2001:db8:1111:2222:3333:4444:5555:6666]/.well-known/sealpost/"));
}

static void the_nonce_is_answered_only_meanwhile(void **state)
{
    struct sp_addr at = addr("198.51.100.7");
    char text[64], old[SP_URL_MAX];
    struct sp_buf out;

    (void)state;
    sp_buf_init(&out, text, sizeof text);
    assert_int_equal(sp_app_prove_answer(sp_span_str(""), &out), SP_E_NOT_FOUND);
    assert_int_equal(sp_app_prove(&at, 1000), SP_E_AGAIN);
    assert_int_equal(sp_app_prove_answer(sp_span_str("x"), &out), SP_E_NOT_FOUND);
    strcpy(old, strrchr(asked, '/') + 1);
    assert_int_equal(sp_app_prove_answer(sp_span_str(old), &out), 0);
    assert_string_equal(text, old);
    done = true;
    assert_int_equal(sp_app_prove(&at, 1000), 1);
    assert_int_equal(sp_app_prove_answer(sp_span_str(old), &out), SP_E_NOT_FOUND);
    done = false;
    assert_int_equal(sp_app_prove(&at, 1000), SP_E_AGAIN); /* a new one each time */
    assert_string_not_equal(strrchr(asked, '/') + 1, old);
}

static void a_busy_client_is_waited_for_but_not_for_ever(void **state)
{
    struct sp_addr at = addr("198.51.100.7");

    (void)state;
    busy = 2;
    assert_int_equal(sp_app_prove(&at, 1000), SP_E_AGAIN);
    assert_int_equal(sp_app_prove(&at, 1250), SP_E_AGAIN);
    assert_int_equal(starts, 0);
    assert_int_equal(sp_app_prove(&at, 1500), SP_E_AGAIN);
    assert_int_equal(starts, 1);
    (void)begin(state);
    busy = 1000;
    assert_int_equal(sp_app_prove(&at, 1000), SP_E_AGAIN);
    assert_int_equal(sp_app_prove(&at, 16000), SP_E_TIMEOUT);
    busy = 0;
}

/* Who asked went away: the next one who asks gets a fetch of its own. */
static void a_proof_given_up_is_made_anew(void **state)
{
    struct sp_addr at = addr("198.51.100.7");

    (void)state;
    assert_int_equal(sp_app_prove(&at, 1000), SP_E_AGAIN);
    done = true;
    assert_int_equal(sp_app_prove(&at, 3600000), 1);
    assert_int_equal(starts, 2);
}

static void without_a_generator_there_is_no_proof(void **state)
{
    struct sp_addr at = addr("198.51.100.7");

    (void)state;
    random_error = SP_E_ENTROPY;
    assert_int_equal(sp_app_prove(&at, 1000), SP_E_ENTROPY);
    assert_int_equal(starts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_end_is_told_apart, begin),
        cmocka_unit_test_setup(the_url_has_the_address, begin),
        cmocka_unit_test_setup(the_nonce_is_answered_only_meanwhile, begin),
        cmocka_unit_test_setup(a_busy_client_is_waited_for_but_not_for_ever, begin),
        cmocka_unit_test_setup(a_proof_given_up_is_made_anew, begin),
        cmocka_unit_test_setup(without_a_generator_there_is_no_proof, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
