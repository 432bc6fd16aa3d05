/* The nearest of a set of names, for error messages. */
#ifndef NB_NEAREST_H
#define NB_NEAREST_H

#include <stddef.h>

/* A search: the word, and the nearest name so far with the letters that it takes to turn one into the other. */
struct nearest {
    const char *word;
    size_t length;
    const char *name;
    size_t distance;
};

struct nearest nearest_start(const char *word, size_t length);
void nearest_try(struct nearest *best, const char *name);

#endif
