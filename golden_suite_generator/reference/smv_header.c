/* Reading of SMV headers: keys become option values, as if typed before all options. */
#include "smv_header.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "constants.h"
#include "files.h"
#include "messages.h"
#include "numbers.h"

enum { FIRST_BLOCK = 512, WORD_ROOM = 64 };
static const char MAGIC[] = "{\nHEADER_BYT";

/* The types of pixels that are known, and their sizes. */
static const struct {
    const char *name;
    int bytes;
} TYPES[] = {{"unsigned_short", 2}, {"unsigned_short_int", 2}, {"short", 2},         {"signed_short", 2},
             {"short_int", 2},      {"signed_short_int", 2},   {"unsigned_char", 1}, {"signed_char", 1},
             {"char", 1},           {"byte", 1},               {"int", 4},           {"signed_int", 4},
             {"unsigned_int", 4},   {"long", 4},               {"signed_long", 4},   {"unsigned_long", 4},
             {"long_int", 4},       {"unsigned_long_int", 4},  {"float", 4},         {"double", 8}};
enum { MASK_BYTES = 2 };

/* The text of a header and how its keys are found. */
struct header {
    const char *what, *path;
    char *text;
    bool substrings; /* Q-HEADER-SUBSTRING */
};

/* True if the key at this place is a whole word followed by an equals sign. */
static bool whole_word(const char *text, const char *at, size_t length)
{
    bool starts = at == text || at[-1] == ';' || at[-1] == '\n' || isspace((unsigned char)at[-1]);
    const char *after = at + length;
    after += strspn(after, " \t");
    return starts && *after == '=';
}

/* The last place of a key, as a whole word or anywhere; NULL if it is not there. */
static const char *place_of(const struct header *h, const char *key, bool anywhere)
{
    size_t length = strlen(key);
    const char *found = NULL;
    for (const char *at = strstr(h->text, key); at != NULL; at = strstr(at + 1, key))
        if (anywhere || whole_word(h->text, at, length))
            found = at;
    return found;
}

/* The last place of a key of the geometry, or NULL. */
static const char *last_place(const struct header *h, const char *key)
{
    return place_of(h, key, h->substrings);
}

/* The word of a key that is no number: small letters, words joined by _; empty if the key is not there. */
static void key_word(const struct header *h, const char *key, char word[WORD_ROOM])
{
    const char *place = place_of(h, key, false);
    size_t length = 0;
    word[0] = '\0';
    if (place == NULL)
        return;
    const char *at = strchr(place, '=') + 1;
    at += strspn(at, " \t");
    size_t end = strcspn(at, ";\r\n");
    while (end > 0 && isspace((unsigned char)at[end - 1]))
        --end;
    for (; length < end && length < WORD_ROOM - 1; ++length)
        word[length] = at[length] == ' ' ? '_' : (char)tolower((unsigned char)at[length]);
    word[length] = '\0';
}

/* Ends the program: the value of a key is no finite number. */
static _Noreturn void fail_value(const struct header *h, const char *key, const char *value)
{
    fail("%s '%s': %s is '%.*s', not a finite number", h->what, h->path, key, (int)strcspn(value, ";\r\n"), value);
}

/* The number behind the next equals sign; 0 where upstream finds none. */
static double value_after(const struct header *h, const char *key, const char *place)
{
    const char *sign = strchr(place, '=');
    if (sign == NULL)
        return 0.0;
    const char *value = sign + 1 + strspn(sign + 1, h->substrings ? " \t\r\n\v\f" : " \t");
    size_t length = number_length(value, strlen(value));
    double number = 0.0;
    const char *word = value + (*value == '-' || *value == '+');
    bool odd = strncasecmp(word, "nan", 3) == 0 || strncasecmp(word, "inf", 3) == 0;
    if (odd || (length > 0 && !parse_real(value, length, &number)) || (length == 0 && !h->substrings))
        fail_value(h, key, value);
    return number;
}

/* Finds a key. Returned: true and its value if it is there. */
static bool find_key(const struct header *h, const char *key, double *value)
{
    const char *place = last_place(h, key);
    if (!h->substrings && strncmp(key, "ORG", 3) == 0) {
        char other[16] = "XDS_";
        strcat(other, key);
        const char *prefixed = last_place(h, other);
        if (prefixed != NULL && (place == NULL || prefixed > place))
            place = prefixed;
    }
    if (place == NULL)
        return false;
    *value = value_after(h, key, place);
    return true;
}

/* The length of the header, from the first 512 bytes. */
static size_t header_bytes(const char *what, const char *path, const struct file_bytes *file, bool substrings)
{
    if (file->size < FIRST_BLOCK || memcmp(file->bytes, MAGIC, sizeof MAGIC - 1) != 0)
        fail("%s '%s' is not an SMV image: it must start with a 512-byte SMV header", what, path);
    char text[FIRST_BLOCK + 1];
    memcpy(text, file->bytes, FIRST_BLOCK);
    text[FIRST_BLOCK] = '\0';
    double length = 0.0;
    struct header h = {what, path, text, substrings};
    if (!find_key(&h, "HEADER_BYTES", &length) || !(length >= (double)sizeof MAGIC) || length > (double)file->size)
        fail("%s '%s': HEADER_BYTES is %g, but the file has %zu bytes", what, path, length, file->size);
    return (size_t)length;
}

/* Width and height in pixels. */
static void find_size(const struct header *h, long long size[2])
{
    double value[2] = {0.0, 0.0}, both = 0.0;
    find_key(h, "SIZE1", &value[0]);
    find_key(h, "SIZE2", &value[1]);
    if (trunc(value[0]) == 0.0 && find_key(h, "DETECTOR_DIMENSIONS", &both))
        value[0] = value[1] = both;
    for (int i = 0; i < 2; ++i) {
        if (!(value[i] >= 1.0 && value[i] <= 2147483647.0))
            fail("%s '%s': SIZE%d is %g; at least 1 is needed", h->what, h->path, i + 1, value[i]);
        size[i] = (long long)value[i];
    }
}

/* Checks the words that say how the pixels are stored. Returned: bytes a pixel. */
static int check_storage(const struct header *h, bool is_mask)
{
    char type[WORD_ROOM], order[WORD_ROOM], packed[WORD_ROOM];
    key_word(h, "TYPE", type);
    key_word(h, "BYTE_ORDER", order);
    key_word(h, "COMPRESSION", packed);
    if (strchr(h->text, '}') == NULL)
        fail("%s '%s': its header has no closing brace within HEADER_BYTES; give a whole SMV image", h->what, h->path);
    if (order[0] != '\0' && strcmp(order, "little_endian") != 0 && strcmp(order, "big_endian") != 0)
        fail("%s '%s': BYTE_ORDER=%s; little_endian or big_endian is needed", h->what, h->path, order);
    if (is_mask && packed[0] != '\0' && strcmp(packed, "none") != 0)
        fail("%s '%s': COMPRESSION=%s; none is needed", h->what, h->path, packed);
    int bytes = type[0] == '\0' ? MASK_BYTES : 0;
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; ++i)
        if (strcmp(type, TYPES[i].name) == 0)
            bytes = TYPES[i].bytes;
    if (is_mask && bytes != MASK_BYTES)
        fail("%s '%s': TYPE=%s; unsigned_short is needed", h->what, h->path, type);
    return bytes != 0 ? bytes : MASK_BYTES;
}

/* Stores the value of a key over the divisor, if the key is there. */
static void take_key(const struct header *h, const char *key, double divisor, double *target)
{
    double value;
    if (find_key(h, key, &value))
        *target = value / divisor;
}

/*
 * The direct beam of a header that says that its BEAM_CENTER is in the ADXV convention: it is the same as its
 * ADXV_CENTER. Given: the slow size. Returned: true and the places along fast and slow (m).
 */
static bool find_spot(const struct header *h, double slow_size_m, double spot_m[2])
{
    static const char *const AXIS[][2] = {{"BEAM_CENTER_X", "ADXV_CENTER_X"}, {"BEAM_CENTER_Y", "ADXV_CENTER_Y"}};
    const struct header whole_words = {h->what, h->path, h->text, false};
    double beam[2], adxv[2], distance;
    for (int i = 0; i < 2; ++i)
        if (!find_key(&whole_words, AXIS[i][0], &beam[i]) || !find_key(&whole_words, AXIS[i][1], &adxv[i]) ||
            beam[i] != adxv[i])
            return false;
    if (!find_key(&whole_words, "DISTANCE", &distance))
        return false;
    spot_m[0] = beam[0] / 1000.0;
    spot_m[1] = slow_size_m - beam[1] / 1000.0;
    return true;
}

/* Stores the direct beam; a header in the ADXV convention gives the spot itself (Q-HEADER-BEAM-CENTER). */
static void take_beam(struct options *o, const struct quirks *q, const struct header *h, bool is_mask)
{
    double value, spot_m[2];
    if (!q->on[QUIRK_HEADER_BEAM_CENTER] && find_spot(h, o->detsize_m[1], spot_m)) {
        memcpy(o->header_spot_m, spot_m, sizeof spot_m);
        o->Xbeam_m = o->Ybeam_m = NAN;
        return;
    }
    if (find_key(h, "BEAM_CENTER_X", &value) || find_key(h, "BEAM_CENTER_Y", &value))
        o->header_spot_m[0] = o->header_spot_m[1] = NAN;
    take_key(h, "BEAM_CENTER_X", 1000.0, &o->Xbeam_m);
    if (!find_key(h, "BEAM_CENTER_Y", &value))
        return;
    o->Ybeam_m = value / 1000.0;
    if (is_mask && q->on[QUIRK_MASK_BEAM_Y])
        o->Ybeam_m = o->detsize_m[1] - value / 1000.0;
}

/* Stores the keys in the order of the specification. */
static void take_keys(struct options *o, const struct quirks *q, const struct header *h, bool is_mask)
{
    take_key(h, "PIXEL_SIZE", 1000.0, &o->pixel_m);
    o->detsize_m[0] = o->pixel_m * (double)o->pixels[0];
    o->detsize_m[1] = o->pixel_m * (double)o->pixels[1];
    take_key(h, "DISTANCE", 1000.0, &o->distance_m);
    take_key(h, "CLOSE_DISTANCE", 1000.0, &o->close_distance_m);
    take_key(h, "WAVELENGTH", 1e10, &o->lambda_m);
    take_beam(o, q, h, is_mask);
    take_key(h, "ORGX", 1.0, &o->ORGX);
    take_key(h, "ORGY", 1.0, &o->ORGY);
    take_key(h, "PHI", DEGREES_PER_RADIAN, &o->phi_rad);
    take_key(h, "OSC_RANGE", DEGREES_PER_RADIAN, &o->phi.range);
    if (!q->on[QUIRK_HEADER_TWOTHETA])
        take_key(h, "TWOTHETA", DEGREES_PER_RADIAN, &o->twotheta_rad);
}

/*
 * Reads an SMV file and takes the geometry from its header. Given: options that hold defaults, quirks, the path, and
 * whether it is a mask. Returned: the pixels of a mask; nothing of an image, whose pixels are not used. spec/02 section
 * 8.
 */
struct mask smv_apply(struct options *o, const struct quirks *q, const char *path, bool is_mask)
{
    struct mask mask = {NULL, 0, 0, path};
    const char *what = is_mask ? "-mask file" : "-img file";
    struct file_bytes file = file_read(what, path, is_mask ? "give -mask FILE" : "give -img FILE");
    size_t length = header_bytes(what, path, &file, q->on[QUIRK_HEADER_SUBSTRING]);
    char *text = checked_alloc(length + 1, 1, "an SMV header");
    memcpy(text, file.bytes, length);
    struct header h = {what, path, text, q->on[QUIRK_HEADER_SUBSTRING]};
    int pixel_bytes = check_storage(&h, is_mask);
    find_size(&h, o->pixels);
    take_keys(o, q, &h, is_mask);
    double wanted = (double)o->pixels[0] * (double)o->pixels[1] * pixel_bytes;
    if ((double)(file.size - length) < wanted)
        fail("%s '%s' is too short: %zu bytes of pixels, %.0f are needed for %lld x %lld", what, path,
             file.size - length, wanted, o->pixels[0], o->pixels[1]);
    if (is_mask) {
        mask.fast = o->pixels[0];
        mask.slow = o->pixels[1];
        mask.pixel = checked_alloc((size_t)(wanted / MASK_BYTES), MASK_BYTES, "the mask");
        memcpy(mask.pixel, file.bytes + length, (size_t)wanted);
    }
    free(text);
    file_free(&file);
    return mask;
}
