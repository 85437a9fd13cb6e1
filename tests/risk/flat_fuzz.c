/* Fuzz flat.c: `just fuzz [SECONDS]`. Events lie in blocks of exactly their size, so that a sanitizer sees one byte too many;
 * what is read sixteen bytes at a time must be what is read one by one, and be within the outputs.
 *
 * An input is events, one a line. With -DFUZZER clang's libFuzzer drives it; else `main` below mutates the corpus itself.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "flat.c"

int32_t read_one_by_one(const uint8_t *const *, const int64_t *, int32_t, const struct key *, int32_t, struct outputs *);

enum { MOST_EVENTS = 64, MOST_BYTES = 1 << 14, CODES = 3, MOST_TEXT = 20 };

#define KEY(name, kind, slot, is_above, least, most) {"\"" name "\":", sizeof name + 2, kind, slot, is_above, least, most}
static const struct key KEYS[] = {
    KEY("id", TEXT_OR_WHOLE, 0, 0, 0, 0),      KEY("amount", NUMBER, 0, 1, 0, 1e9),    KEY("purpose", TEXT, 1, 0, 0, 0),
    KEY("other", PASSES_BY, 0, 0, 0, 0),       KEY("rate", TEXT_OR_NUMBER, 2, 0, -5, 100), KEY("sent_at", TIME, 0, 0, 0, 0),
};
enum { KEY_COUNT = sizeof KEYS / sizeof *KEYS };

struct found {
    struct outputs out;
    double numbers[MOST_EVENTS];
    int32_t codes[MOST_EVENTS * CODES];
    union value values[MOST_EVENTS * CODES];
    uint8_t texts[MOST_BYTES];
    int64_t text_ends[MOST_EVENTS * CODES + 1];
    int64_t times[MOST_EVENTS];
    uint8_t is_read[MOST_EVENTS];
};

static struct found *blank(struct found *f)
{
    memset(f, 0xFF, sizeof *f);
    f->out = (struct outputs){f->numbers, f->codes, f->values, f->texts, f->text_ends, f->times, f->is_read, 1, CODES, 1, MOST_TEXT};
    return f;
}

static void expect(int is_so)
{
    if (!is_so)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct found wide, slow;
    const uint8_t *events[MOST_EVENTS];
    int64_t sizes[MOST_EVENTS];
    int32_t count = 0;
    if (size > MOST_BYTES)
        return 0;
    for (const uint8_t *at = data, *end = data + size; at < end && count < MOST_EVENTS; count++) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        uint8_t *block = malloc((size_t)(stop - at));
        memcpy(block, at, (size_t)(stop - at));
        events[count] = block;
        sizes[count] = stop - at;
        at = stop + 1;
    }
    int32_t distinct = read_flat(events, sizes, count, KEYS, KEY_COUNT, &blank(&wide)->out);
    expect(distinct == read_one_by_one(events, sizes, count, KEYS, KEY_COUNT, &blank(&slow)->out));
    expect(distinct <= count * CODES && wide.text_ends[distinct] <= (int64_t)size);
    for (int32_t i = 0; i < count; i++) {
        expect(wide.is_read[i] == slow.is_read[i] && wide.is_read[i] <= 1);
        for (int32_t slot = i * CODES; slot < (i + 1) * CODES; slot++)
            expect(wide.codes[slot] == slow.codes[slot] && wide.codes[slot] >= A_NUMBER && wide.codes[slot] < distinct);
        expect(memcmp(&wide.numbers[i], &slow.numbers[i], sizeof(double)) == 0 && wide.times[i] == slow.times[i]);
        free((void *)events[i]);
    }
    return 0;
}

#ifndef FUZZER
/* main SECONDS FILE...: mutate the files for so long; no coverage guides it. */
int main(int argc, char **argv)
{
    static uint8_t whole[MOST_BYTES], input[MOST_BYTES];
    static const char *const PIECES[] = {"\"", "\\", "9", "e", "-", ".", ",", "}", "{", " ", "\n", "null", "0", ":", "\x80"};
    enum { PIECE_COUNT = sizeof PIECES / sizeof *PIECES };
    uint64_t state = 88172645463325252u;
    long runs = 0;
    for (time_t until = time(NULL) + atoi(argv[1]); argc > 2 && time(NULL) <= until;) {
        FILE *file = fopen(argv[2 + runs % (argc - 2)], "rb");
        expect(file != NULL);
        size_t size = fread(whole, 1, MOST_BYTES - 64, file);
        fclose(file);
        for (int variant = 0; variant < 2000 && size > 0; variant++) {
            size_t length = size;
            memcpy(input, whole, size);
            for (int change = 0; change < 1 + variant % 5; change++) {
                state ^= state << 13, state ^= state >> 7, state ^= state << 17;
                const char *piece = PIECES[(state >> 32) % PIECE_COUNT];
                size_t place = (size_t)(state % length), width = strlen(piece), cut = (size_t)(state >> 60) % 3;
                cut = cut < length - place ? cut : length - place;
                memmove(input + place + width, input + place + cut, length - place - cut);
                memcpy(input + place, piece, width);
                length += width - cut;
            }
            LLVMFuzzerTestOneInput(input, length);
        }
        runs++;
    }
    printf("%ld inputs\n", runs * 2000);
    return 0;
}
#endif
