/*
 * port_mbedtls: the functions by which mbedTLS reaches the outside, all led to sp_port.h.
 * Which ones they are is decided in config/mbedtls_config.h.
 */
#include <mbedtls/build_info.h>
#include <mbedtls/entropy.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <time.h>

#include "sp_port.h"

#define SECONDS_A_DAY 86400

/* mbedTLS declares it in a header that it keeps to itself. */
int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen);

/* Entropy for seeding. 0 with *olen = len, or MBEDTLS_ERR_ENTROPY_SOURCE_FAILED with *olen = 0. */
int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen)
{
    (void)data;
    *olen = 0;
    if (sp_port_entropy(output, len) != 0) {
        return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
    }
    *olen = len;
    return 0;
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return (mbedtls_ms_time_t)sp_port_mono_ms();
}

/* Seconds since 1970. While the time of day is not known it is 1970, and every certificate lies in
 * the future: nothing is trusted by accident. */
int64_t sp_port_mbedtls_time(int64_t *out)
{
    int64_t now = sp_port_utc_s();

    if (out != NULL) {
        *out = now;
    }
    return now;
}

/* Days since 1970 to a date of the Gregorian calendar. Years are counted from March, so that the
 * leap day is a year's last; an era is the 400 years after which the calendar repeats. */
static void civil_date(int64_t days, struct tm *out)
{
    int64_t since_era_0 = days + 719468; /* from 1 March of year 0 */
    int64_t era = (since_era_0 >= 0 ? since_era_0 : since_era_0 - 146096) / 146097;
    int64_t day_of_era = since_era_0 - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 2 : month_from_march - 10;
    int64_t year = year_of_era + era * 400 + (month < 2 ? 1 : 0);

    out->tm_mday = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    out->tm_mon = (int)month;
    out->tm_year = (int)(year - 1900);
}

/* The fields that X.509 needs: date and time of day. Returns buf. */
struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *tt, struct tm *tm_buf)
{
    int64_t days = *tt / SECONDS_A_DAY;
    int64_t second = *tt % SECONDS_A_DAY;

    if (second < 0) {
        second += SECONDS_A_DAY;
        days -= 1;
    }
    *tm_buf = (struct tm){0};
    civil_date(days, tm_buf);
    tm_buf->tm_hour = (int)(second / 3600);
    tm_buf->tm_min = (int)(second / 60 % 60);
    tm_buf->tm_sec = (int)(second % 60);
    return tm_buf;
}
