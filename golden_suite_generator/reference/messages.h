/* Errors that end the run with status 9, and warnings that are kept until the inputs are known to be good. */
#ifndef NB_MESSAGES_H
#define NB_MESSAGES_H

#include <stddef.h>

#define PROGRAM_NAME "nanobragg-reference"
#define PROGRAM_VERSION "0.1.0"
enum { EXIT_USAGE = 9 };

/* Warnings that are kept. */
struct warnings {
    char **line;
    size_t count;
};

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warn_now(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warn_later(struct warnings *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
void warnings_print(struct warnings *list);
void *checked_alloc(size_t count, size_t size, const char *what);
void *checked_resize(void *old, size_t count, size_t size, const char *what);

#endif
