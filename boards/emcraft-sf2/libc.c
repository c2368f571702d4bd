/*
 * What newlib asks of a system: memory, and an end.
 */
#include "board.h"
#include "sf2.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

extern char sp_heap_start[], sp_heap_end[];

void *_sbrk(ptrdiff_t more);

/* Only the service task allocates. */
void *_sbrk(ptrdiff_t more)
{
    static char *end = sp_heap_start;
    char *old = end;
    if (more > sp_heap_end - end) {
        errno = ENOMEM;
        return (void *)-1;
    }
    end += more;
    return old;
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
