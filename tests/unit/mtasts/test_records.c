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

static void the_records_of_a_domain_are_complete(void **state)
{
    static struct sp_record records[SP_RECORDS_OUT];
    const struct sp_addr addresses[] = {addr("203.0.113.10"), addr("10.0.0.1"), addr("fe80::1"),
                                        addr("2001:db8::10")};
    unsigned n = sp_records_make("example.com", "0123abc", "mailto:postmaster@example.com",
                                 addresses, 4, records);
    (void)state;

    assert_int_equal(n, 4);
    assert_string_equal(line(&records[0]),
                        "_mta-sts.example.com. 3600 IN TXT \"v=STSv1; id=0123abc;\"");
    assert_string_equal(line(&records[1]), "mta-sts.example.com. 3600 IN A 203.0.113.10");
    assert_string_equal(line(&records[2]), "mta-sts.example.com. 3600 IN AAAA 2001:db8::10");
    assert_string_equal(line(&records[3]), "_smtp._tls.example.com. 3600 IN TXT "
                                           "\"v=TLSRPTv1; rua=mailto:postmaster@example.com\"");
    assert_string_equal(records[0].value, "v=STSv1; id=0123abc;");
    assert_string_equal(records[2].name, "mta-sts.example.com");
}

static void what_is_not_there_is_left_out(void **state)
{
    static struct sp_record records[SP_RECORDS_OUT];
    struct sp_addr many[SP_RECORDS_OUT + 2];
    (void)state;

    assert_int_equal(sp_records_make("example.com", "", "", NULL, 0, records), 0);
    for (size_t i = 0; i < COUNT(many); i++) {
        many[i] = addr("203.0.113.0");
        many[i].bytes[3] = (uint8_t)i;
    }
    assert_int_equal(
        sp_records_make("example.com", "1", "mailto:a@b.example", many, COUNT(many), records),
        SP_RECORDS_OUT);
    assert_string_equal(records[SP_RECORDS_OUT - 1].type, "TXT");
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
        cmocka_unit_test(a_zone_line_is_quoted),
        cmocka_unit_test(a_long_text_is_split_into_strings_of_255),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
