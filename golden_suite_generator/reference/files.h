/* Input files read whole, words and lines of them, and outputs that appear only when they are complete. */
#ifndef NB_FILES_H
#define NB_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The bytes of an input file, followed by a zero byte. */
struct file_bytes {
    char *bytes;
    size_t size;
};

/* Part of the bytes, with the number of its line. */
struct piece {
    const char *at;
    size_t length;
    long line;
};

/* A file that is being written: under a temporary name, unless the target is no regular file. */
struct output {
    FILE *stream;
    const char *what;
    char *path;
    char *temporary; /* NULL when written directly */
};

bool file_readable(const char *path);
bool file_ends_with_line(const char *path);
struct file_bytes file_read(const char *what, const char *path, const char *remedy);
void file_free(struct file_bytes *file);
bool next_line(const struct file_bytes *file, struct piece *line);
bool next_word(const struct piece *line, const char *separators, struct piece *word);
bool output_possible(const char *path, const char **why);
void output_check(const char *what, const char *path);
struct output output_open(const char *what, const char *path);
void output_write(struct output *out, const void *bytes, size_t size);
void output_commit(struct output *out);

#endif
