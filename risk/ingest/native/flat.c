/* Flat JSON objects whose keys are known, to columns: what risk/ingest/native/reader.py describes, and nothing else.
 *
 * Reads only within the sizes that are handed over, writes only row `i` of each output for event
 * `i`, allocates nothing and keeps nothing. An event of which anything is not plainly as expected is
 * marked unread; what was written of it until then means nothing.
 */

#include <stdint.h>
#include <string.h>

#include "flat_time.h"

#if defined(__SSE2__) && !defined(ONE_BY_ONE)
#include <emmintrin.h>
#define SIXTEEN 16
#endif

/* What a field may hold beside null; risk/ingest/native/interface.py has the same order. */
enum kind { PASSES_BY, NUMBER, TEXT, TEXT_OR_NUMBER, TEXT_OR_WHOLE, TIME };

/* The code of a value that is no text; null leaves what the caller wrote: -1, NaN, NaT. */
enum { A_NUMBER = -2 };

struct key {
    const char *name; /* as most write it: with its quotes and the colon */
    int32_t size;
    int32_t kind;
    int32_t slot;     /* in the outputs of its kind */
    int32_t is_above; /* whether `least` itself is refused */
    double least, most;
};

union value {
    double number; /* of TEXT_OR_NUMBER */
    int64_t whole; /* of TEXT_OR_WHOLE */
};

struct outputs {
    double *numbers;     /* [events][number_slots] */
    int32_t *codes;      /* [events][code_slots] */
    union value *values; /* [events][code_slots], where the code says A_NUMBER */
    uint8_t *texts;      /* [bytes of all events], distinct texts one behind the other, by code */
    int64_t *text_ends;  /* [events * code_slots + 1], where each begins, and where the last ends */
    int64_t *times;      /* [events][time_slots], microseconds since 1970, UTC */
    uint8_t *is_read;    /* [events] */
    int32_t number_slots, code_slots, time_slots;
    int32_t most_text; /* bytes that a text may have */
};

enum { TABLE = 1 << 13, MOST_PROBES = 16, MOST_DIGITS = 18, EXACT_POWER = 22 };

/* The checksum of flat.c and flat_time.h, from ops/compile.sh: a caller that lies beside other ones must not call. */
#ifndef SOURCE_SHA256
#define SOURCE_SHA256 ""
#endif

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

/* Past a word, or NULL if another stands there. */
static const uint8_t *past_word(const uint8_t *at, const uint8_t *end, const char *word, int32_t size)
{
    return end - at >= size && memcmp(at, word, (size_t)size) == 0 ? at + size : NULL;
}

/* Whether these are the same bytes; eight at a time, since a call for each key would cost more. */
static int are_same(const uint8_t *one, const char *other, int32_t size)
{
    uint64_t left, right;
    int32_t i = 0;
    for (; i + 8 <= size; i += 8) {
        memcpy(&left, one + i, 8);
        memcpy(&right, other + i, 8);
        if (left != right)
            return 0;
    }
    if (i == size)
        return 1;
    if (size < 8)
        return memcmp(one, other, (size_t)size) == 0;
    memcpy(&left, one + size - 8, 8);
    memcpy(&right, other + size - 8, 8);
    return left == right;
}

/* Past a string that begins here, or NULL if it is not plain ASCII without an escape. */
static const uint8_t *past_text(const uint8_t *at, const uint8_t *end)
{
    at++;
#ifdef SIXTEEN
    for (; end - at >= SIXTEEN; at += SIXTEEN) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)at);
        /* As signed numbers, those from 0x80 on are below 0x20 too. */
        __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
        __m128i high = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F));
        __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        __m128i escape = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        __m128i odd = _mm_or_si128(_mm_or_si128(low, high), _mm_or_si128(quote, escape));
        int found = _mm_movemask_epi8(odd);
        if (found) {
            at += __builtin_ctz((unsigned)found);
            return *at == '"' ? at + 1 : NULL;
        }
    }
#endif
    for (; at < end; at++) {
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

/* The same of a number that nobody wants: its digits need not be read, only told from others. */
static const uint8_t *past_unread_number(const uint8_t *at, const uint8_t *end)
{
    struct number unwanted;
#ifdef SIXTEEN
    if (end - at >= SIXTEEN) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)at);
        __m128i value = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
        __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value);
        __m128i is_dot = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('.'));
        unsigned others = ~(unsigned)_mm_movemask_epi8(_mm_or_si128(is_digit, is_dot));
        int size = __builtin_ctz(others); /* there are some: the mask has sixteen bits only */
        unsigned dots = (unsigned)_mm_movemask_epi8(is_dot) & ((1u << size) - 1);
        /* A dot stands between digits, and a zero in front of nothing else. */
        int is_plain = size > 0 && size < SIXTEEN && (dots & (dots - 1)) == 0 && !(dots & 1) &&
                       !(dots >> (size - 1)) && (*at != '0' || size == 1 || dots == 2);
        if (is_plain && (at[size] | 0x20) != 'e')
            return at + size;
    }
#endif
    return past_number(at, end, &unwanted);
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

static int is_within(const struct key *key, double value)
{
    return value <= key->most && (key->is_above ? value > key->least : value >= key->least);
}

/* The code of a text. A sender may choose texts whose places are all the same: after some looks the text gets a code of
 * its own, as when the table is full. A text may so have several codes, which costs the caller an object and no more. */
static int32_t code_of(struct reader *r, const uint8_t *at, int32_t size)
{
    uint32_t hash = 2166136261u;
    for (int32_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 16777619u;
    hash ^= hash >> 15;
    uint8_t *texts = r->out->texts;
    int64_t *ends = r->out->text_ends;
    uint32_t place = hash & (TABLE - 1);
    int32_t probes = 0;
    for (; r->table[place] && probes < MOST_PROBES; probes++, place = (place + 1) & (TABLE - 1)) {
        int32_t code = r->table[place] - 1;
        if (ends[code + 1] - ends[code] == size &&
            are_same(at, (const char *)texts + ends[code], size))
            return code;
    }
    int32_t code = r->distinct++;
    memcpy(texts + ends[code], at, (size_t)size);
    ends[code + 1] = ends[code] + size;
    if (r->kept < TABLE / 2 && probes < MOST_PROBES) {
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
        out->codes[slot] = code_of(r, at + 1, size);
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
        return past_unread_number(at, end);
    }
}

/* To the value of this key, or NULL if another stands there. */
static const uint8_t *to_value(const uint8_t *at, const uint8_t *end, const struct key *key, uint8_t before)
{
    if (at == end || *at != before)
        return NULL;
    at++;
    if (end - at > key->size + 2) {
        /* As most write it: no white space, or one space in front of key and value. */
        const uint8_t *name = at + (*at == ' ');
        if (are_same(name, key->name, key->size)) {
            const uint8_t *value = name + key->size;
            value += *value == ' ';
            if (*value > ' ')
                return value;
        }
    }
    at = past_word(past_space(at, end), end, key->name, key->size - 1);
    if (at == NULL)
        return NULL;
    at = past_space(at, end);
    if (at == end || *at != ':')
        return NULL;
    at = past_space(at + 1, end);
    return at == end ? NULL : at;
}

static int read_one(struct reader *r, int32_t event, int64_t size, const struct key *keys, int32_t count)
{
    const uint8_t *at = r->events[event], *end = at + size;
    at = past_space(at, end);
    for (int32_t k = 0; k < count; k++) {
        at = to_value(at, end, &keys[k], k ? ',' : '{');
        if (at == NULL)
            return 0;
        at = keys[k].kind == PASSES_BY ? past_any(at, end) : past_value(r, event, &keys[k], at, end);
        if (at == NULL)
            return 0;
        at = past_space(at, end);
    }
    return at < end && *at == '}' && past_space(at + 1, end) == end;
}

/* Which sources this was made from. */
const char *flat_source(void)
{
    return SOURCE_SHA256;
}

/* Read the events; return how many distinct texts were found. */
int32_t read_flat(const uint8_t *const *events, const int64_t *sizes, int32_t count,
                  const struct key *keys, int32_t key_count, struct outputs *out)
{
    struct reader r = {.events = events, .out = out};
    out->text_ends[0] = 0;
    for (int32_t i = 0; i < count; i++)
        out->is_read[i] = (uint8_t)read_one(&r, i, sizes[i], keys, key_count);
    return r.distinct;
}
