#include "base/err.h"
#include "mtasts/policy.h"

#include "cm.h"

#include <stdio.h>
#include <string.h>

#define LABEL63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static char patterns[SP_MX_MAX][SP_MX_SIZE];
static struct sp_policy policy;
static char why[160];

static int begin(void **state)
{
    (void)state;
    memset(&policy, 0, sizeof policy);
    memset(patterns, 0, sizeof patterns);
    policy.mx = patterns;
    policy.max_age = SP_MAX_AGE_DEFAULT;
    memset(why, 'x', sizeof why - 1);
    return 0;
}

static void add(const char *mx)
{
    assert_int_equal(sp_policy_add_mx(&policy, sp_span_str(mx), why, sizeof why), 0);
}

static void mx_names_are_taken_in_lower_case_without_the_final_dot(void **state)
{
    static const struct {
        const char *given, *kept;
    } rows[] = {
        {"mail.example.com", "mail.example.com"},
        {"MAIL.Example.COM.", "mail.example.com"},
        {"  mail.example.com\t", "mail.example.com"},
        {"*.example.com", "*.example.com"},
        {"*.Mail.Example.com.", "*.mail.example.com"},
        {"xn--mller-kva.example", "xn--mller-kva.example"},
        {"a-1.b2", "a-1.b2"},
        {LABEL63 "." LABEL63 "." LABEL63 "." LABEL63, NULL}, /* 255 characters: too long */
        {LABEL63 "." LABEL63 ".example.com", LABEL63 "." LABEL63 ".example.com"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        int err;

        begin(state);
        err = sp_policy_add_mx(&policy, sp_span_str(rows[i].given), why, sizeof why);
        assert_int_equal(err, rows[i].kept != NULL ? 0 : SP_E_INVALID);
        if (rows[i].kept != NULL) {
            assert_string_equal(policy.mx[0], rows[i].kept);
        }
    }
}

static void a_wrong_mx_name_is_refused_by_a_sentence_that_names_it(void **state)
{
    static const struct {
        const char *given, *says;
    } rows[] = {
        {"", "is empty"},
        {"192.0.2.1", "\"192.0.2.1\" is an address: give a host name."},
        {"[192.0.2.1]", "\"[192.0.2.1]\" is an address"},
        {"2001:db8::1", "is an address"},
        {"192.0.2.0/24", "is an address"},
        {"*.192.0.2.1", "is an address"},
        {"m\xC3\xBCller.example",
         "\"m\xC3\xBCller.example\" has letters beyond ASCII: give its A-label, the "
         "form that begins with xn--."},
        {"mail_1.example.com", "has an underscore"},
        {"mail example.com", "has a space in it"},
        {"mail.example.com:25", "has a colon in it"},
        {"mail..example.com", "has an empty label"},
        {".example.com", "has an empty label"},
        {"mail.example.com..", "has an empty label"},
        {"-mail.example.com", "begins or ends with a dash"},
        {"mail-.example.com", "begins or ends with a dash"},
        {LABEL63 "l.example.com", "has a label of more than 63 characters"},
        {"mail.example.123", "ends in a number"},
        {"localhost", "is a single label"},
        {"*", "a wildcard is the whole left-most label"},
        {"*.com", "covers a whole top level"},
        {"*.", "covers a whole top level"},
        {"mail.*.example.com", "a wildcard is the whole left-most label"},
        {"*mail.example.com", "a wildcard is the whole left-most label"},
        {"*.*.example.com", "a wildcard is the whole left-most label"},
        {"mail.example.com\r\nmode: none", "has a character that no host name has"},
        {"mail.example.com/x", "has a character that no host name has"},
        {"a,b.example.com", "has a character that no host name has"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        begin(state);
        assert_int_equal(sp_policy_add_mx(&policy, sp_span_str(rows[i].given), why, sizeof why),
                         SP_E_INVALID);
        assert_int_equal(policy.mx_n, 0);
        if (strstr(why, rows[i].says) == NULL) {
            fail_msg("%s: %s", rows[i].given, why);
        }
        assert_null(strpbrk(why, "\r\n"));
        assert_int_equal(why[strlen(why) - 1], '.');
    }
}

static void a_name_is_in_the_list_once(void **state)
{
    (void)state;
    add("mail.example.com");
    add("*.example.com");
    assert_int_equal(sp_policy_add_mx(&policy, sp_span_str("Mail.example.com."), why, sizeof why),
                     SP_E_INVALID);
    assert_string_equal(why, "\"Mail.example.com.\" is in the list of mx names twice.");
    assert_int_equal(policy.mx_n, 2);
}

static void sixteen_names_are_taken_and_no_more(void **state)
{
    char mx[40];
    (void)state;

    for (int i = 0; i < SP_MX_MAX; i++) {
        (void)snprintf(mx, sizeof mx, "mx%d.example.com", i);
        add(mx);
    }
    assert_int_equal(sp_policy_add_mx(&policy, sp_span_str("last.example.com"), why, sizeof why),
                     SP_E_INVALID);
    assert_string_equal(why, "\"last.example.com\" is one mx name too many: a policy takes 16.");
}

static void a_long_input_is_cut_in_the_sentence(void **state)
{
    char given[400];
    (void)state;

    memset(given, 'a', sizeof given - 1);
    given[sizeof given - 1] = '\0';
    assert_int_equal(sp_policy_add_mx(&policy, sp_span_str(given), why, sizeof why), SP_E_INVALID);
    assert_non_null(strstr(why, "…\" is longer than the 253 characters"));
    for (size_t i = 0; i + 2 < sizeof given; i += 2) {
        memcpy(given + i, "\xC3\xBC", 2);
    }
    assert_int_equal(sp_policy_add_mx(&policy, sp_span_str(given), why, sizeof why), SP_E_INVALID);
    assert_non_null(strstr(why, "\xC3\xBC…\" has letters beyond ASCII"));
    /* One byte on, the cut would go through a letter. */
    memmove(given + 1, given, sizeof given - 2);
    given[0] = 'a';
    assert_int_equal(sp_policy_add_mx(&policy, sp_span_str(given), why, sizeof why), SP_E_INVALID);
    assert_non_null(strstr(why, "\xC3\xBC…\" has letters beyond ASCII"));
}

static void max_age_keeps_to_what_all_senders_take(void **state)
{
    static const struct {
        uint32_t max_age;
        int err;
    } rows[] = {
        {0, SP_E_INVALID},        {SP_MAX_AGE_MIN - 1, SP_E_INVALID},
        {SP_MAX_AGE_MIN, 0},      {SP_MAX_AGE_DEFAULT, 0},
        {SP_MAX_AGE_MAX, 0},      {SP_MAX_AGE_MAX + 1, SP_E_INVALID},
        {31557600, SP_E_INVALID}, {UINT32_MAX, SP_E_INVALID},
    };
    (void)state;

    add("mail.example.com");
    for (size_t i = 0; i < COUNT(rows); i++) {
        policy.max_age = rows[i].max_age;
        assert_int_equal(sp_policy_check(&policy, why, sizeof why), rows[i].err);
    }
    assert_string_equal(why, "A max_age of 4294967295 is not accepted by all senders: 86400 to "
                             "31536000 seconds (a day to a year) are.");
}

static void a_policy_without_mx_is_refused(void **state)
{
    (void)state;
    assert_int_equal(sp_policy_check(&policy, why, sizeof why), SP_E_INVALID);
    assert_string_equal(why, "A policy needs at least one mx name: the hosts that take mail.");
}

static void the_text_is_what_the_strictest_sender_reads(void **state)
{
    char text[SP_POLICY_TEXT_MAX];
    struct sp_buf buf;
    (void)state;

    add("mail.example.com");
    add("*.backup.example.net");
    sp_buf_init(&buf, text, sizeof text);
    assert_int_equal(sp_policy_text(&policy, &buf), 0);
    assert_string_equal(text, "version: STSv1\r\n"
                              "mode: testing\r\n"
                              "mx: mail.example.com\r\n"
                              "mx: *.backup.example.net\r\n"
                              "max_age: 604800\r\n");
    policy.mode = SP_MODE_NONE;
    policy.max_age = 86400;
    sp_buf_reset(&buf);
    assert_int_equal(sp_policy_text(&policy, &buf), 0);
    assert_string_equal(text, "version: STSv1\r\n"
                              "mode: none\r\n"
                              "mx: mail.example.com\r\n"
                              "mx: *.backup.example.net\r\n"
                              "max_age: 86400\r\n");
    sp_buf_init(&buf, text, 20);
    assert_int_equal(sp_policy_text(&policy, &buf), SP_E_SPACE);
}

static void the_largest_policy_fits_its_limit(void **state)
{
    char text[SP_POLICY_TEXT_MAX];
    struct sp_buf buf;
    (void)state;

    policy.mode = SP_MODE_TESTING;
    policy.max_age = SP_MAX_AGE_MAX;
    policy.mx_n = SP_MX_MAX;
    for (int i = 0; i < SP_MX_MAX; i++) {
        memset(policy.mx[i], 'm', sizeof policy.mx[i] - 1);
    }
    sp_buf_init(&buf, text, sizeof text);
    assert_int_equal(sp_policy_text(&policy, &buf), 0);
}

static void id_of(char *out)
{
    sp_policy_id(&policy, out);
    assert_int_equal(strlen(out), 32);
    assert_int_equal(strspn(out, "abcdefghijklmnopqrstuvwxyz0123456789"), 32);
}

static void the_id_follows_the_content_and_nothing_else(void **state)
{
    char first[SP_POLICY_ID_SIZE], second[SP_POLICY_ID_SIZE];

    add("mail.example.com");
    add("mail2.example.com");
    id_of(first);
    id_of(second);
    assert_string_equal(first, second);
    /* From sha256sum: the id that is in DNS must not change with a release. */
    assert_string_equal(first, "c28ee5cc7c637431d0e62f48dd4e4d90");
    policy.max_age++;
    id_of(second);
    assert_string_not_equal(first, second);
    policy.max_age--;
    policy.mode = SP_MODE_ENFORCE;
    id_of(second);
    assert_string_not_equal(first, second);
    begin(state);
    add("mail2.example.com");
    add("mail.example.com");
    id_of(second);
    assert_string_not_equal(first, second);
}

static void modes_are_read_in_lower_case_only(void **state)
{
    enum sp_mode mode = SP_MODE_NONE;
    (void)state;

    assert_int_equal(sp_mode_parse(sp_span_str("testing"), &mode), 0);
    assert_int_equal(mode, SP_MODE_TESTING);
    assert_int_equal(sp_mode_parse(sp_span_str("enforce"), &mode), 0);
    assert_int_equal(mode, SP_MODE_ENFORCE);
    assert_int_equal(sp_mode_parse(sp_span_str("none"), &mode), 0);
    assert_int_equal(mode, SP_MODE_NONE);
    assert_int_equal(sp_mode_parse(sp_span_str("Enforce"), &mode), SP_E_INVALID);
    assert_int_equal(sp_mode_parse(sp_span_str(""), &mode), SP_E_INVALID);
    assert_int_equal(sp_mode_parse(sp_span_str("report"), &mode), SP_E_INVALID);
    assert_string_equal(sp_mode_text(SP_MODE_ENFORCE), "enforce");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(mx_names_are_taken_in_lower_case_without_the_final_dot, begin),
        cmocka_unit_test_setup(a_wrong_mx_name_is_refused_by_a_sentence_that_names_it, begin),
        cmocka_unit_test_setup(a_name_is_in_the_list_once, begin),
        cmocka_unit_test_setup(sixteen_names_are_taken_and_no_more, begin),
        cmocka_unit_test_setup(a_long_input_is_cut_in_the_sentence, begin),
        cmocka_unit_test_setup(max_age_keeps_to_what_all_senders_take, begin),
        cmocka_unit_test_setup(a_policy_without_mx_is_refused, begin),
        cmocka_unit_test_setup(the_text_is_what_the_strictest_sender_reads, begin),
        cmocka_unit_test_setup(the_largest_policy_fits_its_limit, begin),
        cmocka_unit_test_setup(the_id_follows_the_content_and_nothing_else, begin),
        cmocka_unit_test_setup(modes_are_read_in_lower_case_only, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
