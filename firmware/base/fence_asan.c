#include "base/fence.h"

#include <sanitizer/asan_interface.h>

void sp_fence_close(const void *p, size_t n)
{
    ASAN_POISON_MEMORY_REGION(p, n);
}

void sp_fence_open(const void *p, size_t n)
{
    ASAN_UNPOISON_MEMORY_REGION(p, n);
}
