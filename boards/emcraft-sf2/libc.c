/*
 * What newlib asks of a system: memory, and an end.
 */
#include "base/limits.h"
#include "board.h"
#include "sf2.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

extern char sp_heap_start[], sp_heap_end[];

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

void board_heap(struct sp_stack_use *out)
{
    out->name = "heap";
    out->size = (size_t)(sp_heap_end - sp_heap_start);
    out->peak = (size_t)(end - sp_heap_start);
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
