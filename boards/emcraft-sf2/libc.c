/*
 * What newlib asks of a system: memory, and an end.
 */
#include "base/limits.h"
#include "board.h"
#include "sf2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char sp_heap_start[], sp_heap_end[];

#define PAINT 0x5A
#define PAGE 4096      /* newlib asks for memory by pages, */
#define MALLOC_OWN 64U /* and some for itself */

void *_sbrk(ptrdiff_t more);

static char *end = sp_heap_start;

/* Only the service task allocates. */
void *_sbrk(ptrdiff_t more)
{
    char *old = end;
    __asm__(".global sp_heap_wanted\n.set sp_heap_wanted, %c0" : : "i"(SP_HEAP)); /* memory.ld */
    if (more > sp_heap_end - end) {
        errno = ENOMEM;
        return (void *)-1;
    }
    end += more;
    return old;
}

void board_begin_heap(void)
{
    size_t size = (size_t)(sp_heap_end - sp_heap_start);
    void *volatile all; /* or the compiler leaves both calls out */

    /* Whole pages, but for what malloc adds to align its end. */
    all = malloc((size - 1) / PAGE * PAGE - MALLOC_OWN);
    free(all);
    memset(sp_heap_start + MALLOC_OWN, PAINT, size - MALLOC_OWN);
}

/* What was never written since the start, from the end on, was never given to anybody. */
void board_heap(struct sp_stack_use *out)
{
    const char *used = sp_heap_end;

    while (used > sp_heap_start && used[-1] == PAINT) {
        used--;
    }
    out->name = "heap";
    out->size = (size_t)(sp_heap_end - sp_heap_start);
    out->peak = (size_t)(used - sp_heap_start);
}

_Noreturn void abort(void)
{
    crash_abort(__builtin_return_address(0));
}

void __assert_func(const char *file, int line, const char *function, const char *what);

void __assert_func(const char *file, int line, const char *function, const char *what)
{
    (void)function;
    crash_assertion(what, file, line, __builtin_return_address(0));
}
