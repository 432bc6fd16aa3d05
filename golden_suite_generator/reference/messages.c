/* Messages on standard error, one line each, and memory that is always checked. */
#include "messages.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_ROOM = 1200 };

/* More than any sensible run needs; keeps absurd counts from reaching the allocator. */
static const double MOST_BYTES = 64.0 * 1024.0 * 1024.0 * 1024.0;

/* Formats into line and replaces control characters, so that a file name with a newline stays one line. */
static void format_line(char *line, const char *format, va_list values)
{
    vsnprintf(line, LINE_ROOM, format, values);
    for (char *c = line; *c != '\0'; ++c)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
}

/* Prints "nanobragg-reference: error: ..." and ends the program with status 9. Given: format and values, as printf. */
_Noreturn void fail(const char *format, ...)
{
    char line[LINE_ROOM];
    va_list values;
    va_start(values, format);
    format_line(line, format, values);
    va_end(values);
    fflush(stdout);
    fprintf(stderr, "%s: error: %s\n", PROGRAM_NAME, line);
    exit(EXIT_USAGE);
}

/* Prints one warning at once. Given: format and values, as printf. */
void warn_now(const char *format, ...)
{
    char line[LINE_ROOM];
    va_list values;
    va_start(values, format);
    format_line(line, format, values);
    va_end(values);
    fprintf(stderr, "warning: %s\n", line);
}

/*
 * Keeps one warning; an error that ends the run is then the only line the user sees. Given: the list, format and
 * values, as printf.
 */
void warn_later(struct warnings *list, const char *format, ...)
{
    char line[LINE_ROOM];
    va_list values;
    va_start(values, format);
    format_line(line, format, values);
    va_end(values);
    size_t length = strlen(line) + 1;
    list->line = checked_resize(list->line, list->count + 1, sizeof *list->line, "warnings");
    list->line[list->count] = checked_alloc(length, 1, "a warning");
    memcpy(list->line[list->count], line, length);
    ++list->count;
}

/* Prints the kept warnings and forgets them. Given: the list. */
void warnings_print(struct warnings *list)
{
    for (size_t i = 0; i < list->count; ++i) {
        fprintf(stderr, "warning: %s\n", list->line[i]);
        free(list->line[i]);
    }
    free(list->line);
    *list = (struct warnings){0};
}

/* True if count items of size bytes (above 0) are no absurd amount, and their bytes can be counted. */
static bool is_sensible(size_t count, size_t size)
{
    return (double)count * (double)size <= MOST_BYTES && count <= SIZE_MAX / size;
}

/*
 * Given: a number of items, bytes of each, what they are. Returned: zeroed memory, never NULL; what cannot be had ends
 * the program.
 */
void *checked_alloc(size_t count, size_t size, const char *what)
{
    void *memory = NULL;
    if (is_sensible(count, size))
        memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL)
        fail("cannot allocate %.4g GiB for %s; ask for less", (double)count * (double)size / 1073741824.0, what);
    return memory;
}

/*
 * realloc. Given: the old memory or NULL, a number of items, bytes of each, what they are. Returned: the memory, never
 * NULL; what cannot be had ends the program.
 */
void *checked_resize(void *old, size_t count, size_t size, const char *what)
{
    void *memory = NULL;
    if (is_sensible(count, size))
        memory = realloc(old, count * size);
    if (memory == NULL)
        fail("cannot allocate %.4g GiB for %s; ask for less", (double)count * (double)size / 1073741824.0, what);
    return memory;
}
