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

enum { FIRST_BLOCK = 512 };
static const char MAGIC[] = "{\nHEADER_BYT";

/* The text of a header and how its keys are found. */
struct header {
    const char *path;
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

/* The last place of a key, or NULL. */
static const char *last_place(const struct header *h, const char *key)
{
    size_t length = strlen(key);
    const char *found = NULL;
    for (const char *at = strstr(h->text, key); at != NULL; at = strstr(at + 1, key))
        if (h->substrings || whole_word(h->text, at, length))
            found = at;
    return found;
}

/* Ends the program: the value of a key is no finite number. */
static _Noreturn void fail_value(const struct header *h, const char *key, const char *value)
{
    fail("SMV file '%s': %s is '%.*s', not a finite number", h->path, key, (int)strcspn(value, ";\n"), value);
}

/* The number behind the next equals sign; 0 where upstream finds none. */
static double value_after(const struct header *h, const char *key, const char *place)
{
    const char *sign = strchr(place, '=');
    if (sign == NULL)
        return 0.0;
    const char *value = sign + 1 + strspn(sign + 1, " \t\r\n");
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
static size_t header_bytes(const char *path, const struct file_bytes *file, bool substrings)
{
    if (file->size < FIRST_BLOCK || memcmp(file->bytes, MAGIC, sizeof MAGIC - 1) != 0)
        fail("'%s' is not an SMV file: it does not begin with 512 bytes of header; give an SMV image", path);
    char text[FIRST_BLOCK + 1];
    memcpy(text, file->bytes, FIRST_BLOCK);
    text[FIRST_BLOCK] = '\0';
    double length = 0.0;
    struct header h = {path, text, substrings};
    if (!find_key(&h, "HEADER_BYTES", &length) || !(length >= 1.0) || length > (double)file->size)
        fail("SMV file '%s': HEADER_BYTES is %g, the file has %zu bytes", path, length, file->size);
    return (size_t)length;
}

/* Width and height in pixels. */
static void find_size(const struct header *h, long size[2])
{
    double value[2] = {0.0, 0.0}, both = 0.0;
    find_key(h, "SIZE1", &value[0]);
    find_key(h, "SIZE2", &value[1]);
    if (trunc(value[0]) == 0.0 && find_key(h, "DETECTOR_DIMENSIONS", &both))
        value[0] = value[1] = both;
    for (int i = 0; i < 2; ++i) {
        if (!(value[i] >= 1.0 && value[i] <= 2147483647.0))
            fail("SMV file '%s': SIZE%d is %g; at least 1 is needed", h->path, i + 1, value[i]);
        size[i] = (long)value[i];
    }
}

/* Stores the value of a key over the divisor, if the key is there. */
static void take_key(const struct header *h, const char *key, double divisor, double *target)
{
    double value;
    if (find_key(h, key, &value))
        *target = value / divisor;
}

/* Stores the keys in the order of the specification. */
static void take_keys(struct options *o, const struct quirks *q, const struct header *h, bool is_mask)
{
    double value;
    take_key(h, "PIXEL_SIZE", 1000.0, &o->pixel_m);
    o->detsize_m[0] = o->pixel_m * (double)o->pixels[0];
    o->detsize_m[1] = o->pixel_m * (double)o->pixels[1];
    take_key(h, "DISTANCE", 1000.0, &o->distance_m);
    take_key(h, "CLOSE_DISTANCE", 1000.0, &o->close_distance_m);
    take_key(h, "WAVELENGTH", 1e10, &o->lambda_m);
    take_key(h, "BEAM_CENTER_X", 1000.0, &o->Xbeam_m);
    if (find_key(h, "BEAM_CENTER_Y", &value)) {
        o->Ybeam_m = value / 1000.0;
        if (is_mask && q->on[QUIRK_MASK_BEAM_Y])
            o->Ybeam_m = o->detsize_m[1] - value / 1000.0;
    }
    take_key(h, "ORGX", 1.0, &o->ORGX);
    take_key(h, "ORGY", 1.0, &o->ORGY);
    take_key(h, "PHI", DEGREES_PER_RADIAN, &o->phi_rad);
    take_key(h, "OSC_RANGE", DEGREES_PER_RADIAN, &o->phi.range);
    if (!q->on[QUIRK_HEADER_TWOTHETA])
        take_key(h, "TWOTHETA", DEGREES_PER_RADIAN, &o->twotheta_rad);
}

/*
 * Reads an SMV file and takes the geometry from its header.
 * Returned: the pixels of a mask; nothing of an image, whose pixels are not used.
 */
struct mask smv_apply(struct options *o, const struct quirks *q, const char *path, bool is_mask)
{
    struct mask mask = {NULL, 0, 0, path};
    const char *what = is_mask ? "mask file" : "image file";
    struct file_bytes file = file_read(what, path, is_mask ? "give -mask FILE" : "give -img FILE");
    size_t length = header_bytes(path, &file, q->on[QUIRK_HEADER_SUBSTRING]);
    char *text = checked_alloc(length + 1, 1, "an SMV header");
    memcpy(text, file.bytes, length);
    struct header h = {path, text, q->on[QUIRK_HEADER_SUBSTRING]};
    find_size(&h, o->pixels);
    take_keys(o, q, &h, is_mask);
    double wanted = (double)o->pixels[0] * (double)o->pixels[1] * 2.0;
    if ((double)(file.size - length) < wanted)
        fail("%s '%s' is too short: %zu bytes of pixels, %.0f are needed for %ld x %ld", what, path,
             file.size - length, wanted, o->pixels[0], o->pixels[1]);
    if (is_mask) {
        mask.fast = o->pixels[0];
        mask.slow = o->pixels[1];
        mask.pixel = checked_alloc((size_t)(wanted / 2.0), 2, "the mask");
        memcpy(mask.pixel, file.bytes + length, (size_t)wanted);
    }
    free(text);
    file_free(&file);
    return mask;
}
