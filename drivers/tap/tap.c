#include "tap/tap.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

static struct sp_tap *self(struct sp_hal_nic *nic)
{
    return (struct sp_tap *)(void *)nic;
}

/* One byte more than fits tells a longer frame from one that just fits. */
static int tap_receive(struct sp_hal_nic *nic, void *buf, size_t cap)
{
    char excess;
    struct iovec parts[2] = {{.iov_base = buf, .iov_len = cap},
                             {.iov_base = &excess, .iov_len = 1}};

    for (;;) {
        ssize_t n = readv(self(nic)->fd, parts, 2);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == EAGAIN ? 0 : SP_E_IO;
        }
        if ((size_t)n <= cap) {
            return (int)n;
        }
        nic->dropped++;
    }
}

static int tap_send(struct sp_hal_nic *nic, const void *frame, size_t n)
{
    ssize_t sent;

    do {
        sent = write(self(nic)->fd, frame, n);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        return 0;
    }
    return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? SP_E_AGAIN : SP_E_IO;
}

static int tap_link_up(struct sp_hal_nic *nic)
{
    return self(nic)->fd >= 0;
}

static const struct sp_hal_nic_ops ops = {
    .receive = tap_receive,
    .send = tap_send,
    .link_up = tap_link_up,
};

/* TUNSETIFF makes an interface that is not there; such a one is not persistent. */
static int attach(int fd, const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};

    if (strlen(name) >= sizeof request.ifr_name) {
        return SP_E_NOT_FOUND;
    }
    strcpy(request.ifr_name, name);
    if (ioctl(fd, TUNSETIFF, &request) != 0) {
        return errno == EBUSY ? SP_E_EXISTS : SP_E_IO;
    }
    if (ioctl(fd, TUNGETIFF, &request) != 0) {
        return SP_E_IO;
    }
    return (request.ifr_flags & IFF_PERSIST) != 0 ? 0 : SP_E_NOT_FOUND;
}

int sp_tap_open(struct sp_tap *tap, const char *name, const uint8_t mac[6])
{
    int err;

    memset(tap, 0, sizeof *tap);
    tap->nic.ops = &ops;
    memcpy(tap->nic.mac, mac, 6);
    tap->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tap->fd < 0) {
        return SP_E_IO;
    }
    err = attach(tap->fd, name);
    if (err != 0) {
        sp_tap_close(tap);
    }
    return err;
}

void sp_tap_close(struct sp_tap *tap)
{
    int saved = errno;

    if (tap->fd >= 0) {
        close(tap->fd);
    }
    tap->fd = -1;
    errno = saved;
}
