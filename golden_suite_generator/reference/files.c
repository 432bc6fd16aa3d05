/* Reading whole input files, cutting them into lines and words, and writing outputs safely. */
#define _XOPEN_SOURCE 700
#include "files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages.h"

/* True if the file can be opened for reading. */
bool file_readable(const char *path)
{
    FILE *stream = fopen(path, "rb");
    if (stream != NULL)
        fclose(stream);
    return stream != NULL;
}

/* True if the last line of a file is ended, or if that cannot be told. */
bool file_ends_with_line(const char *path)
{
    struct stat status;
    FILE *stream = stat(path, &status) == 0 && S_ISREG(status.st_mode) ? fopen(path, "rb") : NULL;
    int last = '\n';
    if (stream != NULL && fseek(stream, -1, SEEK_END) == 0)
        last = fgetc(stream);
    if (stream != NULL)
        fclose(stream);
    return last == '\n' || last == '\r' || last == EOF;
}

/* Reads to the end of the stream. Returned: false on a read error. */
static bool read_all(FILE *stream, const char *what, struct file_bytes *file)
{
    size_t room = 1 << 16;
    file->bytes = checked_alloc(room, 1, what);
    file->size = 0;
    for (;;) {
        file->size += fread(file->bytes + file->size, 1, room - file->size - 1, stream);
        if (ferror(stream))
            return false;
        if (feof(stream))
            break;
        if (file->size + 1 == room) {
            room *= 2;
            file->bytes = checked_resize(file->bytes, room, 1, what);
        }
    }
    file->bytes[file->size] = '\0';
    return true;
}

/* Reads a whole file; what and remedy go into the error of one that cannot be read. */
struct file_bytes file_read(const char *what, const char *path, const char *remedy)
{
    struct file_bytes file = {NULL, 0};
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        fail("cannot open %s '%s': %s; %s", what, path, strerror(errno), remedy);
    errno = 0;
    if (!read_all(stream, what, &file))
        fail("cannot read %s '%s': %s; %s", what, path, strerror(errno), remedy);
    fclose(stream);
    return file;
}

/* Forgets the bytes. */
void file_free(struct file_bytes *file)
{
    free(file->bytes);
    *file = (struct file_bytes){NULL, 0};
}

/* Steps to the next line; start with a piece of all zeros. Returned: false at the end of the file. */
bool next_line(const struct file_bytes *file, struct piece *line)
{
    const char *end = file->bytes + file->size;
    const char *at = line->at == NULL ? file->bytes : line->at + line->length + 1;
    if (at >= end)
        return false;
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    *line = (struct piece){at, (size_t)((stop != NULL ? stop : end) - at), line->line + 1};
    return true;
}

/* True if c is one of the separators. */
static bool is_separator(char c, const char *separators)
{
    return c != '\0' && strchr(separators, c) != NULL;
}

/* Steps to the next word of a line; start with a piece of all zeros. Returned: false at the end of the line. */
bool next_word(const struct piece *line, const char *separators, struct piece *word)
{
    const char *end = line->at + line->length;
    const char *at = word->at == NULL ? line->at : word->at + word->length;
    while (at < end && is_separator(*at, separators))
        ++at;
    if (at >= end)
        return false;
    const char *stop = at;
    while (stop < end && !is_separator(*stop, separators))
        ++stop;
    *word = (struct piece){at, (size_t)(stop - at), line->line};
    return true;
}

/* A new string: text followed by ending. */
static char *copy_text(const char *text, const char *ending)
{
    size_t room = strlen(text) + strlen(ending) + 1;
    char *copy = checked_alloc(room, 1, "a file name");
    snprintf(copy, room, "%s%s", text, ending);
    return copy;
}

/* The errno value that forbids replacing an existing file, or 0; a file without write bits is kept even from root. */
static int reason_to_keep(const char *path, const struct stat *status)
{
    if (S_ISDIR(status->st_mode))
        return EISDIR;
    if (S_ISREG(status->st_mode) && (status->st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0)
        return EACCES;
    return access(path, W_OK) != 0 ? errno : 0;
}

/* True if path can be created or replaced; otherwise *why says why not. */
bool output_possible(const char *path, const char **why)
{
    struct stat status;
    if (stat(path, &status) == 0) {
        int reason = reason_to_keep(path, &status);
        *why = strerror(reason);
        return reason == 0;
    }
    char *folder = copy_text(path, "");
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        strcpy(folder, path[0] != '\0' ? "." : "");
    else
        slash[slash == folder ? 1 : 0] = '\0';
    bool good = path[0] != '\0' && access(folder, W_OK | X_OK) == 0 && stat(folder, &status) == 0;
    *why = good ? "" : strerror(path[0] == '\0' ? ENOENT : errno);
    if (good && !S_ISDIR(status.st_mode)) {
        good = false;
        *why = strerror(ENOTDIR);
    }
    free(folder);
    return good;
}

/* Ends the program if an output could not be written; called before any work is done. */
void output_check(const char *what, const char *path)
{
    const char *why;
    if (!output_possible(path, &why))
        fail("cannot write %s '%s': %s; choose another file name", what, path, why);
}

/* Removes the partial file and ends the program; reason is an errno value. */
static _Noreturn void fail_output(struct output *out, int reason)
{
    if (out->temporary != NULL)
        remove(out->temporary);
    fail("cannot write %s '%s': %s; choose another file name", out->what, out->path, strerror(reason));
}

/* The file itself behind symbolic links, so that renaming replaces the file and not the link. */
static char *real_target(const char *path, const struct stat *status)
{
    char *target = S_ISREG(status->st_mode) ? realpath(path, NULL) : NULL;
    return target != NULL ? target : copy_text(path, "");
}

/* Opens an output; a file of any other kind than regular (a pipe, a device) is written directly. */
struct output output_open(const char *what, const char *path)
{
    struct output out = {NULL, what, NULL, NULL};
    struct stat status;
    bool exists = stat(path, &status) == 0;
    out.path = exists ? real_target(path, &status) : copy_text(path, "");
    if (!exists || S_ISREG(status.st_mode)) {
        char ending[40];
        snprintf(ending, sizeof ending, ".%ld.part", (long)getpid());
        out.temporary = copy_text(out.path, ending);
    }
    out.stream = fopen(out.temporary != NULL ? out.temporary : out.path, "wb");
    if (out.stream == NULL)
        fail_output(&out, errno);
    return out;
}

/* Writes bytes or ends the program, leaving no partial file behind. */
void output_write(struct output *out, const void *bytes, size_t size)
{
    if (size > 0 && fwrite(bytes, 1, size, out->stream) != size)
        fail_output(out, errno);
}

/* Closes the output and gives it its name. */
void output_commit(struct output *out)
{
    bool bad = ferror(out->stream) != 0;
    int reason = errno;
    if (fclose(out->stream) != 0 || bad)
        fail_output(out, bad ? reason : errno);
    if (out->temporary != NULL && rename(out->temporary, out->path) != 0)
        fail_output(out, errno);
    free(out->temporary);
    free(out->path);
    *out = (struct output){0};
}
