/* Outputs that get their names together when all of them are whole, and nothing before. */
#ifndef NB_OUTPUT_FILES_H
#define NB_OUTPUT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A file that is being written: under a temporary name, unless the target is no regular file. */
struct output {
    FILE *stream; /* NULL when closed, or given up */
    const char *what;
    const char *path; /* as the user named it */
    int part;         /* its place in the list of unfinished files, -1 when written directly */
    bool optional;    /* failing is worth a warning, not an error */
};

void process_guard(void);
void output_check(const char *what, const char *path);
bool output_possible(const char *path, const char **why);
void output_sweep(const char *path);
struct output output_open(const char *what, const char *path, bool optional);
void output_write(struct output *out, const void *bytes, size_t size);
void output_close(struct output *out);
void outputs_publish(void);

#endif
