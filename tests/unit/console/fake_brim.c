/* The fake, filled up: what must still come out whole. */
#include "fake_sealpost.h"

#include <string.h>

static void brim(char *field, size_t size)
{
    memset(field, 'w', size - 1);
    field[size - 1] = '\0';
    field[size / 2] = '"'; /* one that JSON must escape */
}
#define BRIM(field) brim(field, sizeof(field))

static void brim_checks(void)
{
    for (unsigned i = 0; i < 4; i++) {
        struct sealpost_check *check = &fake.checks[i];
        struct sealpost_evidence *evidence = &fake.evidence[i];

        BRIM(check->code);
        BRIM(check->reason);
        BRIM(check->remedy);
        evidence->n = SEALPOST_EVIDENCE_MAX;
        for (unsigned j = 0; j < SEALPOST_EVIDENCE_MAX; j++) {
            BRIM(evidence->items[j].name);
            evidence->items[j].name[0] = (char)('a' + (int)j);
            BRIM(evidence->items[j].value);
        }
    }
}

static void brim_domain(void)
{
    BRIM(fake.domain.state);
    BRIM(fake.domain.sentence);
    BRIM(fake.domain.policy_id);
    BRIM(fake.domain.next_what);
    BRIM(fake.domain.error_id);
    BRIM(fake.domain.error);
    fake.domain.error_at = FAKE_UTC;
    fake.domain.failures = UINT32_MAX;
    fake.domain.max_age = UINT32_MAX;
    fake.mx_n = SEALPOST_MX_MAX;
    for (unsigned i = 0; i < SEALPOST_MX_MAX; i++) {
        BRIM(fake.mx[i]);
    }
    BRIM(fake.domain.rua);
    memcpy(fake.domain.change, "publish", sizeof "publish");
    BRIM(fake.domain.old_id);
    fake.domain.auto_days = 365;
    fake.domain.clean_since = fake.domain.retire_until = FAKE_UTC;
    fake.left_n = SEALPOST_MX_MAX;
    for (unsigned i = 0; i < SEALPOST_MX_MAX; i++) {
        BRIM(fake.left[i]);
        fake.left_until[i] = FAKE_UTC;
    }
    BRIM(fake.risk);
    BRIM(fake.publishing);
    brim(fake.policy, 4609);
    fake.records_n = 8;
    fake.long_names = true;
}

static void brim_appliance(void)
{
    BRIM(fake.status.sentence);
    BRIM(fake.status.directory);
    BRIM(fake.status.order_host);
    BRIM(fake.status.order_phase);
    fake.status.uptime_s = UINT64_MAX;
    fake.status.addresses_n = 6;
    fake.status.domains = fake.status.active = fake.status.at_risk = fake.status.want_care = 1000;
    for (unsigned i = 0; i < 6; i++) {
        BRIM(fake.status.addresses[i]);
    }
    memcpy(fake.live.addresses, fake.status.addresses, sizeof fake.live.addresses);
    fake.live.addresses_n = 6;
    fake.live.dns_n = 3;
    for (unsigned i = 0; i < 3; i++) {
        BRIM(fake.live.dns[i]);
        BRIM(fake.net.dns[i]);
    }
    fake.net.dhcp = false;
    BRIM(fake.net.address);
    BRIM(fake.net.gateway);
    BRIM(fake.net.ntp);
    BRIM(fake.net.public4);
    BRIM(fake.net.public6);
    BRIM(fake.time.server);
    BRIM(fake.time.sentence);
    BRIM(fake.ca.terms);
    BRIM(fake.ca.account);
    BRIM(fake.ca.sentence);
    BRIM(fake.ca.directory);
}

static void brim_reports(void)
{
    fake.reports = (struct sealpost_reports){.last = FAKE_UTC,
                                             .reports = UINT32_MAX,
                                             .ok = UINT32_MAX,
                                             .failed = UINT32_MAX,
                                             .blocks = true};
    BRIM(fake.reports.sentence);
    fake.report_lines_n = 14;
    BRIM(fake.report_line.name);
    fake.report_line.ok = fake.report_line.failed = UINT32_MAX;
}

void fake_fill_to_the_brim(void)
{
    struct sealpost_certificate *certificate = &fake.certificate;

    brim_domain();
    brim_checks();
    brim_appliance();
    brim_reports();
    BRIM(certificate->subject);
    BRIM(certificate->issuer);
    BRIM(certificate->serial);
    BRIM(certificate->key);
    certificate->sans_n = 8;
    for (unsigned i = 0; i < 8; i++) {
        BRIM(fake.sans[i]);
    }
    fake.anchors_n = 3;
    for (unsigned i = 0; i < 3; i++) {
        BRIM(fake.anchors[i].subject);
        BRIM(fake.anchors[i].sha256);
    }
}
