#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>

/* Days are counted from 0000-03-01 in eras of 400 years: with March as the first month the leap day
 * is the last of its year, and months have lengths that one formula gives. */
#define DAYS_TO_1970 719468
#define DAYS_OF_ERA 146097
#define SECONDS_OF_DAY 86400

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

static void date_of_days(int64_t days, struct sp_civil *out)
{
    int64_t era = floor_div(days + DAYS_TO_1970, DAYS_OF_ERA);
    int64_t day_of_era = days + DAYS_TO_1970 - era * DAYS_OF_ERA;
    int64_t year =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    out->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    out->month = (int)(month < 10 ? month + 3 : month - 9);
    out->year = (int)(year + era * 400 + (out->month <= 2 ? 1 : 0));
    out->weekday = (int)(days + 4 - floor_div(days + 4, 7) * 7);
}

void sp_utc_civil(sp_utc utc, struct sp_civil *out)
{
    int64_t days = floor_div(utc, SECONDS_OF_DAY);
    int seconds = (int)(utc - days * SECONDS_OF_DAY);

    date_of_days(days, out);
    out->hour = seconds / 3600;
    out->minute = seconds / 60 % 60;
    out->second = seconds % 60;
}

sp_utc sp_civil_utc(const struct sp_civil *civil)
{
    int64_t year = (int64_t)civil->year - (civil->month <= 2 ? 1 : 0);
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t month = civil->month > 2 ? civil->month - 3 : civil->month + 9;
    int64_t day_of_year = (153 * month + 2) / 5 + civil->day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    int64_t days = era * DAYS_OF_ERA + day_of_era - DAYS_TO_1970;

    return days * SECONDS_OF_DAY + (int64_t)civil->hour * 3600 + (int64_t)civil->minute * 60 +
           civil->second;
}

const char *sp_utc_rfc3339(sp_utc utc, char *out)
{
    struct sp_civil c;
    char text[80];

    if (utc == 0) {
        out[0] = '-';
        out[1] = '\0';
        return out;
    }
    sp_utc_civil(utc, &c);
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day,
                   c.hour, c.minute, c.second);
    (void)snprintf(out, SP_RFC3339_SIZE, "%.20s", text); /* years over 9999 are cut */
    return out;
}

const char *sp_duration_text(uint64_t seconds, char *out, size_t cap)
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{SECONDS_OF_DAY, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    size_t i = 0;
    uint64_t n;

    while (i < 3 && seconds < units[i].seconds) {
        i++;
    }
    n = seconds / units[i].seconds;
    (void)snprintf(out, cap, "%" PRIu64 " %s%s", n, units[i].name, n == 1 ? "" : "s");
    return out;
}
