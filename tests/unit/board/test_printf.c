/*
 * The small printf against the host's, whose formats the compiler checks.
 */
#include "cm.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

int small_snprintf(char *buf, size_t size, const char *format, ...);
int small_sprintf(char *buf, const char *format, ...);

#define SAME(...)                                                                                  \
    do {                                                                                           \
        char is[128], want[128];                                                                   \
        int n = snprintf(want, sizeof want, __VA_ARGS__);                                          \
        assert_int_equal(small_snprintf(is, sizeof is, __VA_ARGS__), n);                           \
        assert_string_equal(is, want);                                                             \
    } while (0)

static void plain_text_and_percent(void **state)
{
    (void)state;
    SAME("%s", "");
    SAME("no conversion");
    SAME("100 %% of %d", 7);
}

static void signed_numbers(void **state)
{
    static const int values[] = {0, 1, -1, 9, 10, 12345, -12345, INT_MAX, INT_MIN};
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        SAME("%d|%i|%+d|% d", values[i], values[i], values[i], values[i]);
        SAME("%8d|%-8d|%08d|%+08d", values[i], values[i], values[i], values[i]);
        SAME("%.5d|%10.5d|%-10.5d|%.0d", values[i], values[i], values[i], values[i]);
        SAME("%*d|%-*d|%.*d", 7, values[i], 7, values[i], 4, values[i]);
    }
    SAME("%*d|%.*d", -7, 42, -1, 42);
}

static void unsigned_numbers(void **state)
{
    static const unsigned values[] = {0, 1, 8, 15, 16, 255, 4096, UINT_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        SAME("%u|%x|%X|%o", values[i], values[i], values[i], values[i]);
        SAME("%#x|%#X|%#010x|%#10x", values[i], values[i], values[i], values[i]);
        SAME("%08x|%-8x|%.4X|%2u", values[i], values[i], values[i], values[i]);
        SAME("%#o|%#8o|%-#8o|%#08o", values[i], values[i], values[i], values[i]);
    }
}

static void all_lengths(void **state)
{
    (void)state;
    SAME("%hhd %hd %hhu %hu %hhx", (signed char)-5, (short)-500, (unsigned char)250,
         (unsigned short)65535, (unsigned char)0xab);
    SAME("%ld %lu %lx", LONG_MIN, ULONG_MAX, 0x1234L + 0UL);
    SAME("%lld %llu %llX", LLONG_MIN, ULLONG_MAX, 0xfedcba9876543210ULL);
    SAME("%zu %zd %td", SIZE_MAX, (ssize_t)-3, (ptrdiff_t)-4);
    SAME("%jd %ju", INTMAX_MIN, UINTMAX_MAX);
    SAME("%llu %d", 4294967296ULL, 5); /* the argument behind a long one is found */
}

static void strings_and_characters(void **state)
{
    static const char open_end[3] = {'a', 'b', 'c'};
    (void)state;
    SAME("%s|%10s|%-10s|%.2s|%.0s|%6.3s", "hello", "hello", "hello", "hello", "hello", "hello");
    SAME("%.*s", 3, open_end); /* reads no further than told */
    SAME("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd');
    SAME("%p", (void *)&open_end);
}

static void what_does_not_fit_is_cut_and_counted(void **state)
{
    char buf[8];
    (void)state;
    memset(buf, 'x', sizeof buf);
    assert_int_equal(small_snprintf(buf, 5, "%d", 1234567), 7);
    assert_memory_equal(buf, "1234\0xxx", 8);
    assert_int_equal(small_snprintf(buf, 1, "%s", "abc"), 3);
    assert_string_equal(buf, "");
    assert_int_equal(small_snprintf(NULL, 0, "%s-%d", "abc", -12), 7);
}

static void sprintf_writes_all(void **state)
{
    char buf[16];
    (void)state;
    assert_int_equal(small_sprintf(buf, "%s=%u", "n", 42U), 4);
    assert_string_equal(buf, "n=42");
}

static void what_the_host_does_not_say(void **state)
{
    char buf[16];
    (void)state;
    assert_int_equal(small_snprintf(buf, sizeof buf, "%s", (const char *)NULL), 6);
    assert_string_equal(buf, "(null)");
    assert_int_equal(small_snprintf(buf, sizeof buf, "%08.3d", 5), 8); /* it warns */
    assert_string_equal(buf, "     005");
    assert_int_equal(small_snprintf(buf, sizeof buf, "a%yb"), 3);
    assert_string_equal(buf, "ayb");
    assert_int_equal(small_snprintf(buf, sizeof buf, "end%"), 3); /* a format that breaks off */
    assert_string_equal(buf, "end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_and_percent),
        cmocka_unit_test(signed_numbers),
        cmocka_unit_test(unsigned_numbers),
        cmocka_unit_test(all_lengths),
        cmocka_unit_test(strings_and_characters),
        cmocka_unit_test(what_does_not_fit_is_cut_and_counted),
        cmocka_unit_test(sprintf_writes_all),
        cmocka_unit_test(what_the_host_does_not_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
