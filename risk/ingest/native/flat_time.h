/* Times as JSON carries them, RFC 3339 with a zone; a part of flat.c. */

#include <stdint.h>

static int is_digit(const uint8_t *at, const uint8_t *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

/* The number that so many digits make, or -1 if anything else is among them. */
static int32_t digits(const uint8_t *at, int32_t count)
{
    int32_t number = 0;
    for (const uint8_t *end = at + count; at < end; at++) {
        if (!is_digit(at, end))
            return -1;
        number = number * 10 + (*at - '0');
    }
    return number;
}

static int days_of(int32_t year, int32_t month)
{
    int is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 ? 28 + is_leap : 30 + (month + month / 8) % 2;
}

/* Days since 1970-01-01. The year is counted from March, so that a leap day is its last one. */
static int64_t day_number(int32_t year, int32_t month, int32_t day)
{
    int64_t from_march = year - (month < 3);
    int64_t in_year = (153 * (month + (month < 3 ? 9 : -3)) + 2) / 5 + day - 1;
    return from_march * 365 + from_march / 4 - from_march / 100 + from_march / 400 + in_year - 719468;
}

/* Whether it is a time like 2026-03-01T11:59:00.123456+01:00; if so, the microseconds since 1970. */
static int as_time(const uint8_t *at, int32_t size, int64_t *microseconds)
{
    if (size < 20 || at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':' || at[16] != ':')
        return 0;
    int32_t year = digits(at, 4), month = digits(at + 5, 2), day = digits(at + 8, 2);
    int32_t hour = digits(at + 11, 2), minute = digits(at + 14, 2), second = digits(at + 17, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_of(year, month))
        return 0;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return 0;
    const uint8_t *end = at + size;
    int64_t fraction = 0;
    at += 19;
    if (*at == '.') {
        int32_t unit = 1000000;
        for (at++; is_digit(at, end) && unit > 1; at++) {
            unit /= 10;
            fraction += (int64_t)(*at - '0') * unit;
        }
        if (unit == 1000000)
            return 0;
    }
    int32_t ahead = 0;
    if (end - at == 6 && (*at == '+' || *at == '-') && at[3] == ':') {
        int32_t hours = digits(at + 1, 2), minutes = digits(at + 4, 2);
        if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
            return 0;
        ahead = (hours * 60 + minutes) * (*at == '-' ? -60 : 60);
    } else if (end - at != 1 || *at != 'Z') {
        return 0;
    }
    int64_t seconds = day_number(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *microseconds = (seconds - ahead) * 1000000 + fraction;
    return 1;
}
