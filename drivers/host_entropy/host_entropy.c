#include "host_entropy/host_entropy.h"

#include "base/err.h"

#include <errno.h>
#include <sys/random.h>

static int host_read(struct sp_hal_entropy *entropy, void *buf, size_t n)
{
    unsigned char *p = buf;

    (void)entropy;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return SP_E_ENTROPY;
        }
        p += got;
        n -= (size_t)got;
    }
    return 0;
}

struct sp_hal_entropy sp_host_entropy = {.read = host_read};
