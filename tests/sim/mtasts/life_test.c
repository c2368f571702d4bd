#include "life_test.h"

#include "cm.h"
#include "fake_cert.h"

#include <string.h>

char why[240];

int begin(void **state)
{
    (void)state;
    world_begin();
    fake_cert_issuer = 0;
    memset(why, 0, sizeof why);
    return 0;
}

void says(const char *text)
{
    if (strstr(world_sentence(D), text) == NULL) {
        fail_msg("%s, not: %s", text, world_sentence(D));
    }
}

void next_is(const char *text, sp_utc least, sp_utc most)
{
    char what[40];
    sp_utc at;

    sp_life_next(world_domain(D), world.now, what, sizeof what, &at);
    assert_string_equal(what, text);
    assert_in_range(at, least, most);
}

void state_is(enum sp_domain_state state)
{
    assert_string_equal(sp_domain_state_text(world_domain(D)->state), sp_domain_state_text(state));
}

enum sp_domain_health health(void)
{
    return sp_life_health(world_domain(D), world_utc());
}

struct host *active_domain(void)
{
    struct host *host = world_add(D);

    world_enable(D);
    world_run(60);
    state_is(SP_DOMAIN_ACTIVE);
    return host;
}
