/* What is wrong gets one sentence. */
#include "session.h"

#include <stdio.h>

static const struct {
    const char *line, *sentence;
} misuses[] = {
    {"foo", "`foo` is not a command; `help` lists them."},
    {"json", "`json` is not a command; `help` lists them."},
    {"STATUS", "`STATUS` is not a command; `help` lists them."},
    {"status now", "`now` is one word too many: `status`."},
    {"net foo", "`net foo` is not a command; `help net` lists those that begin so."},
    {"domain list", "`domain list` is not a command; `help domain` lists those that begin so."},
    {"net static 192.0.2.9/24", "A word is missing: `net static IP/PREFIX GW DNS[,DNS]`."},
    {"net static a b c d", "`d` is one word too many: `net static IP/PREFIX GW DNS[,DNS]`."},
    {"net static 1 2 a,b,c,d", "`a,b,c,d` is no list of DNS servers"},
    {"net static 1 2 a,,b", "`a,,b` is no list of DNS servers"},
    {"net static 11111111111111111111111111111111111111111111111111111111 2 3", "too long"},
    {"net public a,b,c", "`a,b,c` is not one IPv4 address"},
    {"net public ,", "`,` is not one IPv4 address"},
    {"dns", "A word is missing: `dns D`."},
    {"dns a.test b.test", "`b.test` is one word too many: `dns D`."},
    {"dns example.test yes", "`yes` is one word too many: `dns D`."},
    {"dns other.test", "There is no domain other.test."},
    {"dns \xc3\xa4.test", "There is no domain \xc3\xa4.test."},
    {"domain show other.test", "There is no domain other.test."},
    {"domain set other.test mode none", "There is no domain other.test."},
    {"domain set example.test", "A word is missing: `domain set D"},
    {"domain set example.test mode", "A word is missing: `domain set D"},
    {"domain add a.test", "A word is missing: `domain add D mx"},
    {"domain add a.test mx a.test mode", "A word is missing after `mode`."},
    {"domain add a.test mx a.test mx b.test", "`mx` is given twice."},
    {"domain add a.test host a.test", "`host` is nothing that a domain has"},
    {"domain add a.test mx a.test, b.test", "`a.test,` is no list of mx hosts"},
    {"domain set example.test mx +", "`+` is no list of mx hosts"},
    {"domain set example.test mx -a,,b", "`-a,,b` is no list of mx hosts"},
    {"domain add a.test mx a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "At most 16 mx hosts"},
    {"domain add a.test mx a.test mode strict", "`strict` is no mode"},
    {"domain add a.test mx a.test max-age 1w", "`1w` is no max-age"},
    {"domain add a.test mx a.test max-age 4294967296", "`4294967296` is no max-age"},
    {"domain add a.test mx a.test max-age -1", "`-1` is no max-age"},
    {"domain add a mx b mode none max-age 1 rua c force e", "`e` is one word too many"},
    {"promote example.test now", "`now` is not understood"},
    {"auto example.test", "A word is missing: `auto D DAYS|off`."},
    {"auto example.test -1", "`-1` is no number of days"},
    {"disable example.test later", "`later` is not understood"},
    {"log many", "`many` is no number of lines"},
    {"log 1001", "`1001` is no number of lines"},
    {"factory-reset everything", "`everything` is not understood"},
    {"password hunter2", "`password hunter2` is not a command"},
    {"help foo", "`foo` is not a command; `help` lists them."},
    {"help domain foo", "`domain foo` is not a command; `help` lists them."},
    {"exit", "There is nothing to sign out of: no password is set."},
    {"help a b c d e f g h i j k l m n o p q r s t", "more words than any command takes"},
    {"yes", "`yes` is not a command"},
};

static void misuse_gets_one_sentence_and_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(misuses); i++) {
        struct fake before = fake;
        const char *answer = session_narrow(session_ask(misuses[i].line));
        static char flat[2000];
        size_t n = 0;

        for (const char *p = answer; *p != '\0'; p++) { /* as if it had not been wrapped */
            if (*p == '\r') {
                flat[n++] = p[2] != '\0' ? ' ' : '\0';
            } else if (*p != '\n') {
                flat[n++] = *p;
            }
        }
        assert_has(flat, misuses[i].sentence);
        assert_int_equal(flat[n - 2], '.');
        assert_memory_equal(&before, &fake, sizeof fake);
    }
}

static void errors_of_the_service_are_passed_on(void **state)
{
    static const char *const lines[] = {"net dhcp",
                                        "ca set https://x.test",
                                        "ca agree",
                                        "trust remove ab",
                                        "domain add a.test mx b.test",
                                        "domain show example.test",
                                        "domain set example.test mode none",
                                        "domain remove example.test yes",
                                        "dns example.test",
                                        "enable example.test",
                                        "disable example.test",
                                        "renew example.test",
                                        "check example.test",
                                        "cert example.test",
                                        "factory-reset yes",
                                        "password remove"};

    (void)state;
    fake.fail = SP_E_STATE;
    for (size_t i = 0; i < COUNT(lines); i++) {
        (void)snprintf(fake.sentence, sizeof fake.sentence, "The %u. sentence.", (unsigned)i);
        assert_has(session_ask(lines[i]), fake.sentence);
    }
    fake.sentence[0] = '\0';
    assert_string_equal(session_ask("net dhcp"),
                        "It did not work: this is not possible in the present state.\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(misuse_gets_one_sentence_and_changes_nothing),
        session_test(errors_of_the_service_are_passed_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
