/* A part in a file: mapped, so that what was programmed outlives the process however it ends. */
#include "nor_internal.h"

#include "base/err.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int fill(int file, uint32_t size)
{
    uint8_t blank[4096];

    memset(blank, 0xFF, sizeof blank);
    for (uint32_t done = 0; done < size;) {
        size_t n = size - done < sizeof blank ? size - done : sizeof blank;

        if (write(file, blank, n) != (ssize_t)n) {
            return SP_E_IO;
        }
        done += (uint32_t)n;
    }
    return 0;
}

/* A file of size 0 is one that was just made. */
static int fit(int file, uint32_t size)
{
    struct stat stat;

    if (fstat(file, &stat) != 0) {
        return SP_E_IO;
    }
    if (stat.st_size == 0) {
        return fill(file, size);
    }
    return stat.st_size == (off_t)size ? 0 : SP_E_INVALID;
}

static int map(struct sp_nor *nor, const char *path)
{
    void *bytes;
    int err;

    nor->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (nor->file < 0) {
        return SP_E_IO;
    }
    if (flock(nor->file, LOCK_EX | LOCK_NB) != 0) {
        return SP_E_STATE;
    }
    err = fit(nor->file, nor->config.size);
    if (err < 0) {
        return err;
    }
    bytes = mmap(NULL, nor->config.size, PROT_READ | PROT_WRITE, MAP_SHARED, nor->file, 0);
    if (bytes == MAP_FAILED) {
        return SP_E_IO;
    }
    nor->bytes = bytes;
    return 0;
}

int sp_nor_open_file(struct sp_nor *nor, const struct sp_nor_config *config, const char *path)
{
    int err = sp_nor_prepare(nor, config);

    if (err == 0) {
        err = map(nor, path);
    }
    if (err < 0) {
        sp_nor_close(nor);
    }
    return err;
}

int sp_nor_unmap(struct sp_nor *nor)
{
    if (nor->bytes != NULL) {
        (void)munmap(nor->bytes, nor->config.size);
    }
    return close(nor->file); /* and gives up the lock */
}
