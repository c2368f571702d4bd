#include "gateway_board.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define FLASH_SIZE (2U * 1024U * 1024U)
#define BLOCK_SIZE (64U * 1024U)

static uint8_t memory[FLASH_SIZE];
static int tap = -1;

/* --- flash --- */

static int flash_read(struct sp_flash *flash, uint32_t address, void *buf, size_t n)
{
    (void)flash;
    memcpy(buf, memory + address, n);
    return 0;
}

static int flash_program(struct sp_flash *flash, uint32_t address, const void *buf, size_t n)
{
    const uint8_t *bytes = buf;
    (void)flash;
    for (size_t i = 0; i < n; i++) {
        memory[address + i] &= bytes[i];
    }
    return 0;
}

static int flash_erase_start(struct sp_flash *flash, uint32_t address)
{
    memset(memory + address, 0xFF, flash->block_size);
    return 0;
}

static int flash_erase_poll(struct sp_flash *flash)
{
    (void)flash;
    return 0;
}

static const struct sp_flash_ops flash_ops = {
    .read = flash_read,
    .program = flash_program,
    .erase_start = flash_erase_start,
    .erase_poll = flash_erase_poll,
};

/* --- clock, entropy, NIC --- */

static uint64_t mono_ms(struct sp_hal_clock *clock)
{
    struct timespec now;
    (void)clock;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U;
}

static int entropy_read(struct sp_hal_entropy *entropy, void *buf, size_t n)
{
    (void)entropy;
    return getrandom(buf, n, 0) == (ssize_t)n ? 0 : SP_E_ENTROPY;
}

static int nic_receive(struct sp_hal_nic *nic, void *buf, size_t cap)
{
    ssize_t n = read(tap, buf, cap);
    (void)nic;
    if (n < 0) {
        return errno == EAGAIN ? 0 : SP_E_IO;
    }
    return (int)n;
}

static int nic_send(struct sp_hal_nic *nic, const void *frame, size_t n)
{
    (void)nic;
    if (write(tap, frame, n) == (ssize_t)n) {
        return 0;
    }
    return errno == EAGAIN ? SP_E_AGAIN : SP_E_IO;
}

static int nic_link_up(struct sp_hal_nic *nic)
{
    (void)nic;
    return 1;
}

static const struct sp_hal_nic_ops nic_ops = {
    .receive = nic_receive,
    .send = nic_send,
    .link_up = nic_link_up,
};

static int no_roots(struct sp_hal_blob *blob, uint32_t offset, void *buf, size_t n)
{
    (void)blob;
    (void)offset;
    (void)buf;
    (void)n;
    return SP_E_IO;
}

static struct sp_flash flash = {
    .ops = &flash_ops, .size = FLASH_SIZE, .block_size = BLOCK_SIZE, .page_size = 256};
static struct sp_hal_clock clock_hal = {mono_ms};
static struct sp_hal_entropy entropy = {entropy_read};
static struct sp_hal_nic nic = {.ops = &nic_ops, .mac = {0x02, 0, 0, 0x47, 0x57, 0x01}};
static struct sp_hal_blob roots = {no_roots, 0};
static const struct sp_board board = {
    .name = "gateway",
    .flash = &flash,
    .clock = &clock_hal,
    .entropy = &entropy,
    .nic = &nic,
    .roots = &roots,
};

static void tap_open(const char *name)
{
    struct ifreq request;
    memset(&request, 0, sizeof request);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    (void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (tap < 0 || ioctl(tap, TUNSETIFF, &request) < 0) {
        perror("gateway: the TAP");
        exit(2);
    }
}

const struct sp_board *gateway_board_open(const char *tap_name)
{
    memset(memory, 0xFF, sizeof memory);
    tap_open(tap_name);
    return &board;
}

sp_time gateway_board_now(void)
{
    return mono_ms(&clock_hal);
}

void gateway_board_wait(sp_time until)
{
    struct pollfd fd = {.fd = tap, .events = POLLIN};
    sp_time now = gateway_board_now();
    sp_time wait = until > now ? until - now : 0;
    (void)poll(&fd, 1, wait > 1000 ? 1000 : (int)wait);
}
