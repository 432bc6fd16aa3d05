/* Input files read whole, and the one rule for text files: encodings, line ends, words, comments. */
#ifndef NB_FILES_H
#define NB_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "messages.h"

/* The bytes of an input file, followed by a zero byte. */
struct file_bytes {
    char *bytes;
    size_t size;
};

/* Part of the bytes, with the number of its line. */
struct piece {
    const char *at;
    size_t length;
    long long line;
};

const char *irregular(const char *path);
bool file_readable(const char *path);
struct file_bytes file_read(const char *what, const char *path, const char *remedy);
void file_free(struct file_bytes *file);

struct file_bytes text_read(const char *what, const char *path, const char *remedy, struct warnings *w);
bool next_line(const struct file_bytes *file, struct piece *line);
bool next_word(const struct piece *line, const char *separators, struct piece *word);
void refuse_comment(const char *what, const char *path, const struct piece *line, const struct piece *word);

#endif
