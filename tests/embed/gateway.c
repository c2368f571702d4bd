/*
 * A mail gateway's firmware in small: it embeds Sealpost and adds, enables and checks a domain
 * through sealpost.h alone.
 *
 *     embed_gateway TAP IP/PREFIX DNS NTP DIRECTORY ROOT.pem… -- DOMAIN MX
 *
 * Prints the records to publish, one a line, then "enabled", waits until all checks pass, prints
 * each, and ends with status 0; 1 when that does not happen within two minutes.
 */
#include "gateway_board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 120000U

static struct sealpost_why why;

static void need(int err, const char *what)
{
    if (err < 0) {
        (void)fprintf(stderr, "gateway: %s: %s (%s)\n", what, why.sentence, sp_err_text(err));
        exit(1);
    }
}

/* Runs Sealpost as the gateway's own loop would, until done() or the time is up. */
static bool run_until(bool (*done)(void *ctx), void *ctx)
{
    sp_time end = gateway_board_now() + PATIENCE_MS;
    while (!done(ctx)) {
        if (gateway_board_now() > end) {
            return false;
        }
        gateway_board_wait(sealpost_step());
    }
    return true;
}

static void add_root(const char *path)
{
    static char pem[8192];
    FILE *file = fopen(path, "r");
    size_t n = file != NULL ? fread(pem, 1, sizeof pem, file) : 0;
    if (file != NULL) {
        (void)fclose(file);
    }
    need(sealpost_trust_add(pem, n, &why), path);
}

static void configure(char **argv)
{
    static struct sealpost_net net;
    sealpost_net_get(&net);
    net.dhcp = false;
    (void)snprintf(net.address, sizeof net.address, "%s", argv[2]);
    (void)snprintf(net.dns[0], sizeof net.dns[0], "%s", argv[3]);
    (void)snprintf(net.ntp, sizeof net.ntp, "%s", argv[4]);
    need(sealpost_net_set(&net, &why), "network");
    need(sealpost_ca_set(argv[5], &why), "CA");
}

static bool agreed(void *ctx)
{
    int err = sealpost_ca_agree(&why);
    (void)ctx;
    if (err == SP_E_AGAIN) {
        return false;
    }
    need(err, "terms");
    return true;
}

static void add_domain(const char *domain, const char *mx)
{
    const struct sealpost_domain_settings settings = {
        .gives = SEALPOST_GIVES_MX, .mx_n = 1, .mx = {mx}};
    need(sealpost_domain_add(domain, &settings, &why), "add");
}

static void print_records(const char *domain)
{
    static struct sealpost_record record;
    unsigned i = 0;
    int n = sealpost_domain_record(domain, i, &record, &why);
    for (; n > 0 && i < (unsigned)n; n = sealpost_domain_record(domain, i, &record, &why)) {
        (void)printf("record\t%s\t%s\t%u\t%s\n", record.name, record.type, record.ttl,
                     record.value);
        i++;
    }
    need(n, "records");
    (void)fflush(stdout);
}

static bool active(void *ctx)
{
    static struct sealpost_domain domain;
    need(sealpost_domain_get(ctx, &domain, &why), "domain");
    return strcmp(domain.state, "active") == 0;
}

#define HOST_CHECKS 4 /* dns, https, certificate, policy_id */

static bool checks_pass(void *ctx)
{
    static struct sealpost_check checks[SEALPOST_CHECKS];
    unsigned passed = 0;
    if (sealpost_checking(ctx)) {
        return false;
    }
    for (unsigned i = 0; i < SEALPOST_CHECKS; i++) {
        need(sealpost_check_get(ctx, i, &checks[i], &why), "checks");
        passed += i < HOST_CHECKS && checks[i].result == SEALPOST_PASS;
    }
    if (passed < HOST_CHECKS) {
        need(sealpost_check(ctx, &why), "check");
        return false;
    }
    for (unsigned i = 0; i < SEALPOST_CHECKS; i++) {
        if (checks[i].result == SEALPOST_PASS) {
            (void)printf("pass\t%s\t%s\n", checks[i].id, checks[i].reason);
        }
    }
    return true;
}

static bool has_address(void *ctx)
{
    static struct sealpost_time time;
    (void)ctx;
    sealpost_time(&time);
    return time.set;
}

int main(int argc, char **argv)
{
    int i = 6;
    if (argc < 9) {
        (void)fprintf(stderr,
                      "usage: %s TAP IP/PREFIX DNS NTP DIRECTORY ROOT.pem... -- DOMAIN MX\n",
                      argv[0]);
        return 2;
    }
    need(sealpost_start(gateway_board_open(argv[1])), "start");
    configure(argv);
    for (; i < argc - 3 && strcmp(argv[i], "--") != 0; i++) {
        add_root(argv[i]);
    }
    char *domain = argv[argc - 2];
    add_domain(domain, argv[argc - 1]);
    print_records(domain);
    if (!run_until(has_address, NULL) || !run_until(agreed, NULL)) {
        (void)fprintf(stderr, "gateway: no time or no CA\n");
        return 1;
    }
    need(sealpost_enable(domain, &why), "enable");
    (void)printf("enabled\n");
    (void)fflush(stdout);
    if (!run_until(active, domain) || !run_until(checks_pass, domain)) {
        static struct sealpost_domain state;
        (void)sealpost_domain_get(domain, &state, NULL);
        (void)fprintf(stderr, "gateway: %s: %s\n", state.state, state.sentence);
        return 1;
    }
    return 0;
}
