/* Strict reading of numbers, the same for the command line and for files (spec/01 section 2). */
#ifndef NB_NUMBERS_H
#define NB_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

size_t number_length(const char *text, size_t room);
bool parse_real(const char *text, size_t length, double *value);
bool parse_whole(const char *text, size_t length, long long *value);
bool is_number(const char *text);

#endif
