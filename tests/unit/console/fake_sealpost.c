#include "fake_sealpost.h"

#include <stdio.h>
#include <string.h>

struct fake fake;

#define SET(field, text) ((void)snprintf(field, sizeof(field), "%s", text))

static void ordinary_domain(void)
{
    SET(fake.domain.state, "active");
    SET(fake.domain.sentence, "Senders accept the policy; nothing is to be done.");
    SET(fake.domain.policy_id, "20251124abcdef");
    fake.domain.mode = SEALPOST_TESTING;
    fake.domain.max_age = 604800;
    fake.domain.expires = FAKE_UTC + 7776000;
    SET(fake.domain.next_what, "renewal");
    fake.domain.next_at = FAKE_UTC + 5184000;
    fake.mx_n = 2;
    SET(fake.mx[0], "mx1.example.test");
    SET(fake.mx[1], "*.mx.example.test");
    SET(fake.domain.rua, "mailto:postmaster@example.test");
    SET(fake.policy, "version: STSv1\r\nmode: testing\r\nmx: mx1.example.test\r\n"
                     "mx: *.mx.example.test\r\nmax_age: 604800\r\n");
    fake.records_n = 4;
}

static void ordinary_checks(void)
{
    static const char *const ids[SEALPOST_CHECKS] = {
        "dns",  "https",  "certificate", "policy_id", "mx_match", "mx_tls",
        "seen", "tlsrpt", "caa",         "clock",     "port80"};

    for (unsigned i = 0; i < SEALPOST_CHECKS; i++) {
        struct sealpost_check *check = &fake.checks[i];
        struct sealpost_evidence *evidence = &fake.evidence[i];

        check->id = ids[i];
        check->result = SEALPOST_PASS;
        SET(check->code, "ok");
        SET(check->reason, "All is as it should be.");
        evidence->n = 1;
        SET(evidence->items[0].name, "asked");
        SET(evidence->items[0].value, "192.0.2.53");
        check->at = FAKE_UTC;
        check->changed = FAKE_UTC - 3600;
    }
}

static void ordinary_certificate(void)
{
    struct sealpost_certificate *certificate = &fake.certificate;

    SET(certificate->subject, "CN=mta-sts.example.test");
    SET(certificate->issuer, "CN=Pebble Intermediate CA");
    SET(certificate->serial, "0a1b2c3d4e5f");
    SET(certificate->key, "EC P-256");
    memset(certificate->sha256, 'a', 64);
    certificate->sans_n = 1;
    SET(fake.sans[0], "mta-sts.example.test");
    certificate->not_before = FAKE_UTC;
    certificate->not_after = FAKE_UTC + 7776000;
    certificate->links = 3;
}

static void ordinary_appliance(void)
{
    fake.status = (struct sealpost_status){.health = SEALPOST_OK,
                                           .utc = FAKE_UTC,
                                           .uptime_s = 7200,
                                           .domains = 1,
                                           .active = 1,
                                           .link = true,
                                           .addresses_n = 2,
                                           .terms_agreed = true,
                                           .board = "sim",
                                           .version = SEALPOST_VERSION,
                                           .area = "good"};
    SET(fake.status.sentence, "All is well.");
    SET(fake.status.addresses[0], "192.0.2.10");
    SET(fake.status.addresses[1], "2001:db8::10");
    SET(fake.status.directory, "https://ca.test/dir");
    fake.net.dhcp = true;
    SET(fake.net.ntp, "ntp.test");
    fake.live = (struct sealpost_net_live){.link = true, .addresses_n = 1, .dns_n = 1};
    SET(fake.live.mac, "02:00:00:00:00:01");
    SET(fake.live.gateway, "192.0.2.1");
    SET(fake.live.addresses[0], "192.0.2.10");
    SET(fake.live.dns[0], "192.0.2.53");
    fake.time = (struct sealpost_time){.set = true, .utc = FAKE_UTC, .synced_at = FAKE_UTC - 60};
    SET(fake.time.server, "ntp.test");
    SET(fake.time.address, "192.0.2.123");
    SET(fake.ca.directory, "https://ca.test/dir");
    SET(fake.ca.terms, "https://ca.test/terms");
}

void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
    fake.domains = 1;
    ordinary_domain();
    ordinary_checks();
    ordinary_certificate();
    ordinary_appliance();
}

/* --- the interface --- */

static int answer(struct sealpost_why *why)
{
    if (fake.fail == 0) {
        return 0;
    }
    SET(why->id, fake.sentence[0] != '\0' ? "fake_error" : "");
    SET(why->sentence, fake.sentence);
    return fake.fail;
}

static void name_of(unsigned i, char *out)
{
    if (i == 0) {
        (void)snprintf(out, SEALPOST_NAME_SIZE, "example.test");
    } else {
        (void)snprintf(out, SEALPOST_NAME_SIZE, "d%u.example.test", i);
    }
    if (fake.long_names) {
        size_t n = strlen(out);

        memset(out + n, 'z', SEALPOST_NAME_SIZE - 1 - n);
        out[SEALPOST_NAME_SIZE - 1] = '\0';
    }
}

static int known(const char *domain, struct sealpost_why *why)
{
    char name[SEALPOST_NAME_SIZE];

    for (unsigned i = 0; i < fake.domains; i++) {
        name_of(i, name);
        if (strcmp(name, domain) == 0) {
            return answer(why);
        }
    }
    SET(why->id, "domain_unknown");
    (void)snprintf(why->sentence, sizeof why->sentence, "There is no domain %.253s.", domain);
    return SP_E_NOT_FOUND;
}

const char *sealpost_health_text(enum sealpost_health health)
{
    static const char *const names[] = {"ok", "working", "attention", "risk", "fault"};

    return names[health];
}

void sealpost_status(struct sealpost_status *out)
{
    *out = fake.status;
}

void sealpost_net_get(struct sealpost_net *out)
{
    *out = fake.net;
}

int sealpost_net_set(const struct sealpost_net *net, struct sealpost_why *why)
{
    int err = answer(why);

    if (err == 0) {
        fake.net = *net;
    }
    return err;
}

void sealpost_publish_get(struct sealpost_publish *out)
{
    *out = fake.publish;
}

int sealpost_publish_set(const struct sealpost_publish *publish, const char *secret,
                         struct sealpost_why *why)
{
    int err = answer(why);

    if (err == 0) {
        fake.publish = *publish;
        SET(fake.publish_secret, secret);
    }
    return err;
}

int sealpost_publish_forget(struct sealpost_why *why)
{
    int err = answer(why);

    if (err == 0) {
        memset(&fake.publish, 0, sizeof fake.publish);
    }
    return err;
}

int sealpost_publish_now(const char *domain, bool begin, struct sealpost_why *why)
{
    (void)domain;
    (void)begin;
    if (fake.publish_after > 0) {
        fake.publish_after--;
        return SP_E_AGAIN;
    }
    return answer(why);
}

void sealpost_publish_domain(const char *domain, char *out, size_t cap)
{
    (void)domain;
    (void)snprintf(out, cap, "%s", fake.publishing);
}

void sealpost_net_live(struct sealpost_net_live *out)
{
    *out = fake.live;
}

void sealpost_time(struct sealpost_time *out)
{
    *out = fake.time;
}

void sealpost_ca_get(struct sealpost_ca *out)
{
    *out = fake.ca;
}

int sealpost_ca_set(const char *directory, struct sealpost_why *why)
{
    int err = answer(why);

    if (err == 0) {
        SET(fake.ca.directory, directory);
    }
    return err;
}

int sealpost_ca_agree(struct sealpost_why *why)
{
    fake.agreed_asked++;
    if (fake.agree_after > 0) {
        fake.agree_after--;
        return SP_E_AGAIN;
    }
    fake.ca.agreed = fake.fail == 0;
    return answer(why);
}

int sealpost_trust_add(const void *certificate, size_t n, struct sealpost_why *why)
{
    memcpy(fake.der, certificate, n);
    fake.der_n = n;
    fake.trusts++;
    return answer(why);
}

int sealpost_trust_remove(const char *sha256, struct sealpost_why *why)
{
    SET(fake.anchor_removed, sha256);
    return answer(why);
}

int sealpost_trust_get(unsigned i, struct sealpost_anchor *out)
{
    if (i >= fake.anchors_n) {
        return SP_E_NOT_FOUND;
    }
    *out = fake.anchors[i];
    return 0;
}

unsigned sealpost_trust_builtin(void)
{
    return 121;
}

static void keep_given(const struct sealpost_domain_settings *settings)
{
    char(*texts)[SEALPOST_MX_SIZE] = fake.given_texts;

    fake.given = *settings;
    for (unsigned i = 0; i < settings->mx_n; i++) {
        SET(texts[i], settings->mx[i]);
        fake.given.mx[i] = texts[i];
    }
    if (settings->rua != NULL) {
        SET(texts[SEALPOST_MX_MAX], settings->rua);
        fake.given.rua = texts[SEALPOST_MX_MAX];
    }
}

int sealpost_domain_add(const char *domain, const struct sealpost_domain_settings *settings,
                        struct sealpost_why *why)
{
    SET(fake.added, domain);
    keep_given(settings);
    return answer(why);
}

int sealpost_domain_mx(const char *domain, unsigned i, char out[SEALPOST_MX_SIZE])
{
    (void)domain;
    (void)snprintf(out, SEALPOST_MX_SIZE, "%s", i < fake.mx_n ? fake.mx[i] : "");
    return i < fake.mx_n ? 0 : SP_E_NOT_FOUND;
}

int sealpost_domain_set(const char *domain, const struct sealpost_domain_settings *settings,
                        struct sealpost_why *why)
{
    SET(fake.set, domain);
    keep_given(settings);
    return answer(why);
}

int sealpost_domain_remove(const char *domain, struct sealpost_why *why)
{
    SET(fake.removed, domain);
    return answer(why);
}

int sealpost_domain_next(uint32_t *cursor, char name[SEALPOST_NAME_SIZE])
{
    if (*cursor >= fake.domains) {
        return SP_E_NOT_FOUND;
    }
    name_of((*cursor)++, name);
    return 0;
}

int sealpost_domain_get(const char *domain, struct sealpost_domain *out, struct sealpost_why *why)
{
    int err = known(domain, why);

    *out = fake.domain;
    SET(out->name, domain);
    return err;
}

int sealpost_domain_left_mx(const char *domain, unsigned i, char out[SEALPOST_MX_SIZE],
                            sp_utc *until)
{
    (void)domain;
    (void)snprintf(out, SEALPOST_MX_SIZE, "%s", i < fake.left_n ? fake.left[i] : "");
    *until = i < fake.left_n ? fake.left_until[i] : 0;
    return i < fake.left_n ? 0 : SP_E_NOT_FOUND;
}

int sealpost_domain_risk(const char *domain, char *out, size_t cap)
{
    struct sealpost_why why;

    (void)snprintf(out, cap, "%s", fake.risk);
    return known(domain, &why);
}

int sealpost_domain_policy(const char *domain, char *out, size_t cap)
{
    (void)domain;
    if (strlen(fake.policy) >= cap) {
        return SP_E_SPACE;
    }
    (void)snprintf(out, cap, "%s", fake.policy);
    return (int)strlen(fake.policy);
}

int sealpost_domain_record(const char *domain, unsigned i, struct sealpost_record *out,
                           struct sealpost_why *why)
{
    static const char *const types[] = {"TXT", "TXT", "A", "AAAA", "CAA"};
    static const char *const hosts[] = {"_mta-sts", "_smtp._tls", "mta-sts", "mta-sts", "mta-sts"};
    static const char *const values[] = {"v=STSv1; id=20251124abcdef;",
                                         "v=TLSRPTv1; rua=mailto:postmaster@example.test",
                                         "192.0.2.10", "2001:db8::10", "0 issue \"ca.test\""};
    int err = known(domain, why);

    if (err < 0) {
        return err;
    }
    if (i < fake.records_n) {
        SET(out->type, types[i % 5]);
        (void)snprintf(out->name, sizeof out->name, "%s.%.240s", hosts[i % 5], domain);
        SET(out->value, values[i % 5]);
        if (fake.long_names) {
            memset(out->value, 'w', sizeof out->value - 1);
        }
        out->ttl = 3600;
        out->remove = fake.records_over;
    }
    return (int)fake.records_n;
}

void sealpost_record_line(const struct sealpost_record *record, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s. %u IN %s %s", record->name, (unsigned)record->ttl, record->type,
                   record->value);
}

int sealpost_enable(const char *domain, struct sealpost_why *why)
{
    SET(fake.enabled, domain);
    return known(domain, why);
}

int sealpost_promote(const char *domain, bool force, struct sealpost_why *why)
{
    int err = known(domain, why);

    if (err == 0 && fake.promote_after > 0) {
        fake.promote_after--;
        return SP_E_AGAIN;
    }
    SET(fake.promoted, domain);
    fake.forced = force;
    return err;
}

int sealpost_auto(const char *domain, unsigned days, struct sealpost_why *why)
{
    SET(fake.automatic, domain);
    fake.auto_days = fake.domain.auto_days = days;
    return known(domain, why);
}

int sealpost_disable(const char *domain, bool at_once, struct sealpost_why *why)
{
    fake.at_once = at_once;
    SET(fake.disabled, domain);
    return known(domain, why);
}

int sealpost_renew(const char *domain, struct sealpost_why *why)
{
    SET(fake.renewed, domain);
    return known(domain, why);
}

int sealpost_check(const char *domain, struct sealpost_why *why)
{
    fake.check_asked++;
    return known(domain, why);
}

bool sealpost_checking(const char *domain)
{
    (void)domain;
    if (fake.check_after == 0) {
        return false;
    }
    fake.check_after--;
    return true;
}

int sealpost_check_get(const char *domain, unsigned i, struct sealpost_check *out,
                       struct sealpost_why *why)
{
    *out = fake.checks[i];
    return known(domain, why);
}

int sealpost_check_evidence(const char *domain, unsigned i, struct sealpost_evidence *out,
                            struct sealpost_why *why)
{
    *out = fake.evidence[i];
    return known(domain, why);
}

int sealpost_certificate(const char *domain, unsigned san, struct sealpost_certificate *out,
                         struct sealpost_why *why)
{
    int err = known(domain, why);

    if (err == 0 && fake.no_certificate) {
        SET(why->id, "certificate_none");
        SET(why->sentence, "The domain has no certificate yet.");
        err = SP_E_NOT_FOUND;
    }
    *out = fake.certificate;
    if (san < out->sans_n) {
        SET(out->san, fake.sans[san]);
    }
    return err;
}

int sealpost_reports(const char *domain, struct sealpost_reports *out, struct sealpost_why *why)
{
    *out = fake.reports;
    return known(domain, why);
}

int sealpost_reports_next(uint32_t *cursor, char name[SEALPOST_NAME_SIZE])
{
    return fake.reports.reports > 0 ? sealpost_domain_next(cursor, name) : SP_E_NOT_FOUND;
}

int sealpost_report_line(const char *domain, enum sealpost_report_list list, unsigned i,
                         struct sealpost_report_line *out)
{
    (void)domain;
    (void)list;
    *out = fake.report_line;
    return i < fake.report_lines_n ? 0 : SP_E_NOT_FOUND;
}

bool sealpost_password_set(void)
{
    return fake.password[0] != '\0';
}

bool sealpost_password_matches(const char *password)
{
    return strcmp(password, fake.password) == 0;
}

int sealpost_password_change(const char *password, struct sealpost_why *why)
{
    int err = answer(why);

    if (err == 0) {
        SET(fake.password, password);
    }
    return err;
}

void sealpost_reboot(void)
{
    fake.reboots++;
}

int sealpost_factory_reset(bool forget_account, struct sealpost_why *why)
{
    fake.resets++;
    fake.forgot_account = forget_account;
    return answer(why);
}

int sealpost_selftest(unsigned i, struct sealpost_selftest *out)
{
    static const char *const ids[] = {"flash", "nic", "light"};

    if (i >= 3) {
        return SP_E_NOT_FOUND;
    }
    if (fake.selftest_asked++ < fake.selftest_after) {
        return SP_E_AGAIN;
    }
    fake.selftest_asked = 0;
    *out = (struct sealpost_selftest){.id = ids[i],
                                      .result = i == 1 ? fake.selftest_result : SEALPOST_PASS};
    SET(out->reason, i == 1 ? "The link is down: plug in a cable that leads to a switch."
                            : "All is as it should be.");
    return 0;
}

int sealpost_crash(struct sp_crash *out)
{
    *out = fake.crash;
    return fake.crash.what[0] != '\0' ? 0 : SP_E_NOT_FOUND;
}

int sealpost_pool(unsigned i, struct sealpost_pool *out)
{
    static const char *const names[] = {"tls", "dns", "json"};

    if (i >= 3) {
        return SP_E_NOT_FOUND;
    }
    *out = (struct sealpost_pool){
        .name = names[i], .used = 100, .peak = 2000, .limit = 40000, .refused = i};
    return 0;
}
