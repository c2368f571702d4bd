#include "base/err.h"
#include "mtasts/records.h"

#include "cm.h"

#include <string.h>

static void a_report_address_is_checked(void **state)
{
    static const struct {
        const char *rua, *says; /* NULL: good */
    } rows[] = {
        {"mailto:postmaster@example.com", NULL},
        {"mailto:tls-reports+x@mail.example.com", NULL},
        {"mailto:a%21b@example.com", NULL},
        {"https://reports.example.com/v1/tlsrpt", NULL},
        {"https://reports.example.com", NULL},
        {"https://reports.example.com:8443/x?y=%2C", NULL},
        {"", "is empty"},
        {"postmaster@example.com", "begins neither with mailto: nor with https://"},
        {"http://reports.example.com/", "begins neither"},
        {"Mailto:postmaster@example.com", "begins neither"},
        {"mailto:postmaster", "there is no @"},
        {"mailto:@example.com", "has nothing before the @"},
        {"mailto:.a@example.com", "a dot at the beginning"},
        {"mailto:a..b@example.com", "two dots in a row"},
        {"mailto:a:b@example.com", "has a character before the @"},
        {"mailto:a@b@example.com", "does not name a host"},
        {"mailto:a@localhost", "does not name a host"},
        {"mailto:a@[192.0.2.1]", "does not name a host"},
        {"mailto:a@example.com?subject=x", "does not name a host"},
        {"mailto:a@example.com,mailto:b@example.com", "must be written as %21, %2C or %3B"},
        {"mailto:a@example.com!10m", "must be written as"},
        {"mailto:a@example.com;x", "must be written as"},
        {"mailto:a b@example.com", "has a space in it"},
        {"mailto: a@example.com", "has a space in it"},
        {"mailto:a%2@example.com", "followed by two hexadecimal digits"},
        {"https://reports.example.com/%2", "followed by two hexadecimal digits"},
        {"mailto:\xC3\xBC@example.com", "beyond ASCII"},
        {"https://reports.example.com/\"x", "a character that a URI cannot have"},
        {"https://reports.example.com/\\", "a character that a URI cannot have"},
        {"https://user@reports.example.com/", "has a user name"},
        {"https://192.0.2.1/", "does not name a host"},
        {"https://[2001:db8::1]/", "does not name a host"},
        {"https:///x", "does not name a host"},
        {"https://", "does not name a host"},
        {"https://reports.example.com:0/", "has a port that is not a number"},
        {"https://reports.example.com:99999/", "has a port that is not a number"},
        {"https://reports.example.com:/", "has a port that is not a number"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        char why[240] = "";
        int err = sp_rua_check(sp_span_str(rows[i].rua), why, sizeof why);

        if (err != (rows[i].says == NULL ? 0 : SP_E_INVALID) ||
            (rows[i].says != NULL && strstr(why, rows[i].says) == NULL)) {
            fail_msg("%s: %d %s", rows[i].rua, err, why);
        }
    }
}

static void a_report_address_has_253_characters_at_most(void **state)
{
    char rua[300] = "https://reports.example.com/";
    char why[240];
    (void)state;

    while (strlen(rua) < SP_RUA_MAX - 1) {
        strcat(rua, "x");
    }
    assert_int_equal(sp_rua_check(sp_span_str(rua), why, sizeof why), 0);
    strcat(rua, "x");
    assert_int_equal(sp_rua_check(sp_span_str(rua), why, sizeof why), SP_E_INVALID);
    assert_non_null(strstr(why, "is longer than 253 characters"));
}

static struct sp_addr addr(const char *text)
{
    struct sp_addr out;

    assert_int_equal(sp_addr_parse(sp_span_str(text), &out), 0);
    return out;
}

static const char *line(const struct sp_record *record)
{
    static char text[700];
    struct sp_buf buf;

    sp_buf_init(&buf, text, sizeof text);
    sp_record_zone_line(record, &buf);
    return text;
}

/* Number i of the records that are wished; "" past the last. */
static const char *line_of(const struct sp_records_wish *wish, unsigned i)
{
    static struct sp_record record;

    return i < sp_records_make(wish, i, &record) ? line(&record) : "";
}

static void the_records_of_a_domain_are_complete(void **state)
{
    static struct sp_record record;
    const struct sp_addr addresses[] = {addr("203.0.113.10"), addr("10.0.0.1"), addr("fe80::1"),
                                        addr("2001:db8::10")};
    const struct sp_records_wish wish = {.domain = "example.com",
                                         .policy_id = "0123abc",
                                         .rua = "mailto:postmaster@example.com",
                                         .addresses = addresses,
                                         .addresses_n = 4,
                                         .ca = "",
                                         .account = "https://ca.example/acct/1"};
    (void)state;

    assert_string_equal(line_of(&wish, 0),
                        "_mta-sts.example.com. 3600 IN TXT \"v=STSv1; id=0123abc;\"");
    assert_string_equal(line_of(&wish, 1), "mta-sts.example.com. 3600 IN A 203.0.113.10");
    assert_string_equal(line_of(&wish, 2), "mta-sts.example.com. 3600 IN AAAA 2001:db8::10");
    assert_string_equal(line_of(&wish, 3), "_smtp._tls.example.com. 3600 IN TXT "
                                           "\"v=TLSRPTv1; rua=mailto:postmaster@example.com\"");
    assert_string_equal(line_of(&wish, 4), "");
    assert_int_equal(sp_records_make(&wish, 0, &record), 4);
    assert_string_equal(record.value, "v=STSv1; id=0123abc;");
    assert_false(record.remove);
    assert_int_equal(sp_records_make(&wish, 2, &record), 4);
    assert_string_equal(record.name, "mta-sts.example.com");
}

static void what_is_not_there_is_left_out(void **state)
{
    static struct sp_record record;
    struct sp_records_wish wish = {
        .domain = "example.com", .policy_id = "", .rua = "", .ca = "", .account = ""};
    (void)state;

    assert_int_equal(sp_records_make(&wish, 0, &record), 0);
    wish.rua = "mailto:a@b.example";
    assert_int_equal(sp_records_make(&wish, 0, &record), 1);
    assert_string_equal(record.name, "_smtp._tls.example.com");
}

/* RFC 8659 4.2, RFC 8657 3 and 4. */
static void a_caa_record_allows_the_ca_this_account_and_this_method(void **state)
{
    static const struct {
        const char *ca, *account, *line;
    } rows[] = {
        {"ca.example", "https://ca.example/acct/1",
         "mta-sts.example.com. 3600 IN CAA 0 issue \"ca.example; validationmethods=http-01; "
         "accounturi=https://ca.example/acct/1\""},
        {"ca.example", "",
         "mta-sts.example.com. 3600 IN CAA 0 issue \"ca.example; validationmethods=http-01\""},
        {"ca.example", "https://ca.example/acct;x=1",
         "mta-sts.example.com. 3600 IN CAA 0 issue \"ca.example; validationmethods=http-01\""},
        {"ca.example", "https://ca.example/acct\"1",
         "mta-sts.example.com. 3600 IN CAA 0 issue \"ca.example; validationmethods=http-01\""},
        {"ca.example\"; x", "https://ca.example/acct/1", ""},
        {"", "https://ca.example/acct/1", ""},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct sp_records_wish wish = {.domain = "example.com",
                                             .policy_id = "",
                                             .rua = "",
                                             .ca = rows[i].ca,
                                             .account = rows[i].account};

        assert_string_equal(line_of(&wish, 0), rows[i].line);
        assert_string_equal(line_of(&wish, 1), "");
    }
}

static void an_account_that_does_not_fit_is_left_out(void **state)
{
    static char account[SP_URL_MAX];
    struct sp_records_wish wish = {.domain = "example.com", .policy_id = "", .rua = ""};
    const char *told;
    (void)state;

    wish.ca = "ca.example";
    wish.account = account;
    for (size_t n = 200; n < sizeof account; n++) {
        memset(account, 'a', n);
        account[n] = '\0';
        told = line_of(&wish, 0);
        assert_int_equal(told[strlen(told) - 1], '"');
        if (strstr(told, "accounturi=") != NULL) {
            assert_non_null(strstr(told, account));
        } else {
            assert_in_range(n, 250, 300);
            return;
        }
    }
    fail_msg("nothing was left out");
}

static void what_is_over_is_to_be_deleted(void **state)
{
    static struct sp_record record;
    const struct sp_addr address = addr("203.0.113.10");
    const struct sp_records_wish wish = {.domain = "example.com",
                                         .policy_id = "abc",
                                         .rua = "",
                                         .addresses = &address,
                                         .addresses_n = 1,
                                         .ca = "",
                                         .account = "",
                                         .over = true};
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(sp_records_make(&wish, i, &record), 2);
        assert_true(record.remove);
    }
}

static void a_zone_line_is_quoted(void **state)
{
    static struct sp_record record = {.type = "TXT", .name = "x.example.com", .ttl = 60};
    (void)state;

    assert_string_equal(line(&record), "x.example.com. 60 IN TXT \"\"");
    strcpy(record.value, "a\"b\\c;d\x01\xC3 e");
    assert_string_equal(line(&record), "x.example.com. 60 IN TXT \"a\\\"b\\\\c;d\\001\\195 e\"");
}

static void a_long_text_is_split_into_strings_of_255(void **state)
{
    static struct sp_record record = {.type = "TXT", .name = "x.example.com", .ttl = 60};
    const char *second;
    (void)state;

    memset(record.value, 'a', 255);
    assert_null(strstr(line(&record), "\" \""));
    memset(record.value, 'a', 300);
    second = strstr(line(&record), "\" \"");
    assert_non_null(second);
    assert_int_equal(strlen(second), 2 + 1 + 45 + 1);
    assert_int_equal(second - strchr(line(&record), '"'), 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_address_is_checked),
        cmocka_unit_test(a_report_address_has_253_characters_at_most),
        cmocka_unit_test(the_records_of_a_domain_are_complete),
        cmocka_unit_test(what_is_not_there_is_left_out),
        cmocka_unit_test(a_caa_record_allows_the_ca_this_account_and_this_method),
        cmocka_unit_test(an_account_that_does_not_fit_is_left_out),
        cmocka_unit_test(what_is_over_is_to_be_deleted),
        cmocka_unit_test(a_zone_line_is_quoted),
        cmocka_unit_test(a_long_text_is_split_into_strings_of_255),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
