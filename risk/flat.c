/* Flat JSON objects whose keys are known, to columns: what risk/flat.py describes, and nothing else.
 *
 * Reads only within the sizes that are handed over, writes only row `i` of each output for event
 * `i`, allocates nothing and keeps nothing. An event of which anything is not plainly as expected is
 * marked unread; what was written of it until then means nothing.
 */

#include <stdint.h>
#include <string.h>

/* What a field may hold beside null; risk/flat_interface.py has the same order. */
enum kind { PASSES_BY, NUMBER, TEXT, TEXT_OR_NUMBER, TEXT_OR_WHOLE, TIME };

/* The code of a value that is no text; null leaves what the caller wrote: -1, NaN, NaT. */
enum { A_NUMBER = -2 };

struct key {
    const char *quoted; /* with its quotes */
    int32_t size;
    int32_t kind;
    int32_t slot;     /* in the outputs of its kind */
    int32_t is_above; /* whether `least` itself is refused */
    double least, most;
};

struct span {
    int32_t event, start, size;
};

union value {
    double number; /* of TEXT_OR_NUMBER */
    int64_t whole; /* of TEXT_OR_WHOLE */
};

struct outputs {
    double *numbers;     /* [events][number_slots] */
    int32_t *codes;      /* [events][code_slots] */
    union value *values; /* [events][code_slots], where the code says A_NUMBER */
    struct span *texts;  /* [events * code_slots], distinct texts by their codes */
    int64_t *times;      /* [events][time_slots], microseconds since 1970, UTC */
    uint8_t *is_read;    /* [events] */
    int32_t number_slots, code_slots, time_slots;
    int32_t most_text; /* bytes that a text may have */
};

enum { TABLE = 1 << 13, MOST_DIGITS = 18, EXACT_POWER = 22 };

static const double POWERS[EXACT_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct reader {
    const uint8_t *const *events;
    struct outputs *out;
    int32_t distinct, kept;
    int32_t table[TABLE]; /* code + 1, by hash; 0 is free */
};

static const uint8_t *past_space(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

static int is_digit(const uint8_t *at, const uint8_t *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

/* Past a word, or NULL if another stands there. */
static const uint8_t *past_word(const uint8_t *at, const uint8_t *end, const char *word, int32_t size)
{
    return end - at >= size && memcmp(at, word, (size_t)size) == 0 ? at + size : NULL;
}

/* Past a string that begins here, or NULL if it is not plain ASCII without an escape. */
static const uint8_t *past_text(const uint8_t *at, const uint8_t *end)
{
    for (at++; at < end; at++) {
        if (*at == '"')
            return at + 1;
        if (*at < 0x20 || *at >= 0x7F || *at == '\\')
            return NULL;
    }
    return NULL;
}

struct number {
    uint64_t digits;
    int32_t count; /* of digits, leading zeros left out */
    int32_t power; /* of ten */
    int is_negative, is_whole;
};

/* Past a number by JSON's grammar, or NULL. */
static const uint8_t *past_number(const uint8_t *at, const uint8_t *end, struct number *found)
{
    struct number n = {0, 0, 0, 0, 1};
    if (at < end && *at == '-') {
        n.is_negative = 1;
        at++;
    }
    if (!is_digit(at, end))
        return NULL;
    if (*at == '0') {
        at++;
    } else {
        for (; is_digit(at, end); at++) {
            n.digits = n.digits * 10 + (uint64_t)(*at - '0');
            n.count++;
        }
    }
    if (at < end && *at == '.') {
        n.is_whole = 0;
        if (!is_digit(++at, end))
            return NULL;
        for (; is_digit(at, end); at++) {
            n.digits = n.digits * 10 + (uint64_t)(*at - '0');
            n.count += n.count > 0 || *at != '0';
            n.power--;
        }
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        int32_t power = 0, is_down = 0;
        n.is_whole = 0;
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            is_down = *at++ == '-';
        if (!is_digit(at, end))
            return NULL;
        for (; is_digit(at, end); at++)
            power = power < 10000 ? power * 10 + (*at - '0') : power;
        n.power += is_down ? -power : power;
    }
    *found = n;
    return at;
}

/* Whether the number as a double is sure to be the nearest one: both factors are exact. */
static int as_double(const struct number *n, double *value)
{
    if (n->count > MOST_DIGITS || n->digits > (UINT64_C(1) << 53))
        return 0;
    if (n->power < -EXACT_POWER || n->power > EXACT_POWER || (n->is_negative && n->digits == 0))
        return 0;
    double x = (double)n->digits;
    x = n->power < 0 ? x / POWERS[-n->power] : x * POWERS[n->power];
    *value = n->is_negative ? -x : x;
    return 1;
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

static int is_within(const struct key *key, double value)
{
    return value <= key->most && (key->is_above ? value > key->least : value >= key->least);
}

static int32_t code_of(struct reader *r, int32_t event, const uint8_t *at, int32_t size)
{
    uint32_t hash = 2166136261u;
    for (int32_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 16777619u;
    hash ^= hash >> 15;
    struct span *texts = r->out->texts;
    uint32_t place = hash & (TABLE - 1);
    for (; r->table[place]; place = (place + 1) & (TABLE - 1)) {
        const struct span *t = &texts[r->table[place] - 1];
        if (t->size == size && memcmp(r->events[t->event] + t->start, at, (size_t)size) == 0)
            return r->table[place] - 1;
    }
    int32_t code = r->distinct++;
    texts[code] = (struct span){event, (int32_t)(at - r->events[event]), size};
    if (r->kept < TABLE / 2) {
        r->kept++;
        r->table[place] = code + 1;
    }
    return code;
}

/* Past the value of a key that the contract knows, written to the outputs, or NULL. */
static const uint8_t *past_value(struct reader *r, int32_t event, const struct key *key,
                                 const uint8_t *at, const uint8_t *end)
{
    struct outputs *out = r->out;
    int64_t slots = key->kind == NUMBER ? out->number_slots
                    : key->kind == TIME ? out->time_slots
                                        : out->code_slots;
    int64_t slot = event * slots + key->slot;
    if (*at == 'n')
        return past_word(at, end, "null", 4);
    if (*at == '"') {
        const uint8_t *after = past_text(at, end);
        if (after == NULL || key->kind == NUMBER || after - at - 2 > out->most_text)
            return NULL;
        int32_t size = (int32_t)(after - at - 2);
        if (key->kind == TIME)
            return as_time(at + 1, size, &out->times[slot]) ? after : NULL;
        out->codes[slot] = code_of(r, event, at + 1, size);
        return after;
    }
    struct number n;
    at = past_number(at, end, &n);
    if (at == NULL)
        return NULL;
    double value = 0;
    switch (key->kind) {
    case TEXT_OR_WHOLE:
        if (!n.is_whole || n.is_negative || n.count > MOST_DIGITS)
            return NULL;
        out->codes[slot] = A_NUMBER;
        out->values[slot].whole = (int64_t)n.digits;
        return at;
    case NUMBER:
    case TEXT_OR_NUMBER:
        if (!as_double(&n, &value) || !is_within(key, value))
            return NULL;
        if (key->kind == NUMBER) {
            out->numbers[slot] = value;
        } else {
            out->codes[slot] = A_NUMBER;
            out->values[slot].number = value;
        }
        return at;
    default:
        return NULL;
    }
}

static const uint8_t *past_any(const uint8_t *at, const uint8_t *end)
{
    struct number n;
    switch (*at) {
    case 'n':
        return past_word(at, end, "null", 4);
    case 't':
        return past_word(at, end, "true", 4);
    case 'f':
        return past_word(at, end, "false", 5);
    case '"':
        return past_text(at, end);
    default:
        return past_number(at, end, &n);
    }
}

static int read_one(struct reader *r, int32_t event, int64_t size, const struct key *keys, int32_t count)
{
    const uint8_t *at = r->events[event], *end = at + size;
    at = past_space(at, end);
    for (int32_t k = 0; k < count; k++) {
        if (at == end || *at != (k ? ',' : '{'))
            return 0;
        at = past_space(at + 1, end);
        at = past_word(at, end, keys[k].quoted, keys[k].size);
        if (at == NULL)
            return 0;
        at = past_space(at, end);
        if (at == end || *at != ':')
            return 0;
        at = past_space(at + 1, end);
        if (at == end)
            return 0;
        at = keys[k].kind == PASSES_BY ? past_any(at, end) : past_value(r, event, &keys[k], at, end);
        if (at == NULL)
            return 0;
        at = past_space(at, end);
    }
    return at < end && *at == '}' && past_space(at + 1, end) == end;
}

/* Which structures these are: a caller that was made for others must not call. */
int32_t flat_interface(void)
{
    return 2;
}

/* Read the events; return how many distinct texts were found. */
int32_t read_flat(const uint8_t *const *events, const int64_t *sizes, int32_t count,
                  const struct key *keys, int32_t key_count, struct outputs *out)
{
    struct reader r = {.events = events, .out = out};
    for (int32_t i = 0; i < count; i++)
        out->is_read[i] = (uint8_t)read_one(&r, i, sizes[i], keys, key_count);
    return r.distinct;
}
