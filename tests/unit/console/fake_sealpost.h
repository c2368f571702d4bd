/*
 * A Sealpost that does nothing: it remembers what it was asked and answers what a test has put
 * here.
 */
#ifndef SP_TEST_CONSOLE_FAKE_SEALPOST_H
#define SP_TEST_CONSOLE_FAKE_SEALPOST_H

#include "sealpost.h"

#define FAKE_DOMAINS 1000
#define FAKE_UTC 1764025500 /* 2025-11-24T23:05:00Z */

struct fake {
    int fail;           /* what every function with a why answers, once it is not 0 */
    char sentence[480]; /* its sentence; "" gives none */
    unsigned domains;   /* names are "example.test" and "dN.example.test" */
    bool long_names;    /* of 253 bytes instead */
    char removed[SEALPOST_NAME_SIZE];
    struct sealpost_domain domain; /* what each of them is, but for the name */
    unsigned mx_n;                 /* of each domain */
    char mx[SEALPOST_MX_MAX][SEALPOST_MX_SIZE];
    unsigned left_n; /* mx that left */
    char left[SEALPOST_MX_MAX][SEALPOST_MX_SIZE];
    sp_utc left_until[SEALPOST_MX_MAX];
    char risk[480];
    bool at_once, forced;   /* as `disable` and `promote` asked for it */
    unsigned promote_after; /* how often `promote` says SP_E_AGAIN */
    unsigned auto_days;
    char promoted[SEALPOST_NAME_SIZE], automatic[SEALPOST_NAME_SIZE];
    struct sealpost_domain_settings given; /* its texts are copied into given_texts */
    char given_texts[SEALPOST_MX_MAX + 1][SEALPOST_MX_SIZE];
    char added[SEALPOST_NAME_SIZE], set[SEALPOST_NAME_SIZE];
    char enabled[SEALPOST_NAME_SIZE], disabled[SEALPOST_NAME_SIZE], renewed[SEALPOST_NAME_SIZE];
    struct sealpost_status status;
    struct sealpost_net net;
    struct sealpost_publish publish;
    char publish_secret[120];
    unsigned publish_after; /* how often `publish now` says SP_E_AGAIN */
    char publishing[480];   /* of each domain */
    struct sealpost_net_live live;
    struct sealpost_time time;
    struct sealpost_ca ca;
    unsigned agree_after; /* how often `agree` says SP_E_AGAIN */
    unsigned agreed_asked;
    struct sealpost_anchor anchors[3];
    unsigned anchors_n;
    uint8_t der[SEALPOST_DER_MAX];
    size_t der_n;
    unsigned trusts; /* how often a root was added */
    char anchor_removed[80];
    struct sealpost_check checks[SEALPOST_CHECKS];
    struct sealpost_evidence evidence[SEALPOST_CHECKS];
    unsigned check_after; /* how often a run is still running */
    unsigned check_asked;
    struct sealpost_certificate certificate;
    char sans[8][SEALPOST_NAME_SIZE]; /* sans_n of them */
    bool no_certificate;
    struct sealpost_reports reports; /* of each domain; reports 0: none has one */
    unsigned report_lines_n;         /* of each list: */
    struct sealpost_report_line report_line;
    unsigned records_n;
    bool records_over;
    char policy[5000];
    char password[1024];
    struct sp_crash crash;   /* what[0] 0: none */
    unsigned selftest_after; /* how often each test says SP_E_AGAIN */
    unsigned selftest_asked;
    enum sealpost_result selftest_result; /* of the second of three */
    unsigned reboots, resets;
    bool forgot_account;
};
extern struct fake fake;

/* One domain, active, with everything ordinary. */
void fake_reset(void);
/* Every text as long as its field allows, every count at its most. */
void fake_fill_to_the_brim(void);

#endif
