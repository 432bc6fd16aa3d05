/* Decimal numbers: optional sign, digits, optional fraction, optional exponent; nothing else. */
#include "numbers.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Number of digits from place at on. */
static size_t digits_at(const char *text, size_t at, size_t room)
{
    size_t n = 0;
    while (at + n < room && text[at + n] >= '0' && text[at + n] <= '9')
        ++n;
    return n;
}

/* 1 if there is a sign at this place, else 0. */
static size_t sign_at(const char *text, size_t at, size_t room)
{
    return at < room && (text[at] == '+' || text[at] == '-') ? 1 : 0;
}

/* Given: text of room bytes. Returned: the length of the decimal number it begins with, 0 if there is none. */
size_t number_length(const char *text, size_t room)
{
    size_t at = sign_at(text, 0, room);
    size_t whole = digits_at(text, at, room), fraction = 0;
    at += whole;
    if (at < room && text[at] == '.') {
        fraction = digits_at(text, at + 1, room);
        if (whole + fraction > 0)
            at += 1 + fraction;
    }
    if (whole + fraction == 0)
        return 0;
    if (at < room && (text[at] == 'e' || text[at] == 'E')) {
        size_t mark = at + 1 + sign_at(text, at + 1, room);
        size_t exponent = digits_at(text, mark, room);
        if (exponent > 0)
            at = mark + exponent;
    }
    return at;
}

/*
 * Given: text of length bytes, followed by any byte that is no part of a number. Returned: true, and the value, if all
 * of it is one finite number.
 */
bool parse_real(const char *text, size_t length, double *value)
{
    if (length == 0 || number_length(text, length) != length)
        return false;
    *value = strtod(text, NULL);
    return isfinite(*value);
}

/*
 * Given: text of length bytes, followed by any byte that is no digit. Returned: true, and the value, if all of it is a
 * sign and digits and fits a 32-bit integer.
 */
bool parse_whole(const char *text, size_t length, long long *value)
{
    size_t sign = sign_at(text, 0, length);
    if (length == sign || sign + digits_at(text, sign, length) != length)
        return false;
    errno = 0;
    *value = strtoll(text, NULL, 10);
    return errno == 0 && *value >= -2147483647LL && *value <= 2147483647LL;
}

/* Given: a string. Returned: true if all of it is a decimal number. */
bool is_number(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && number_length(text, length) == length;
}
