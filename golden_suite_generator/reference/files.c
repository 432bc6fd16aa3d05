/* Reading whole input files. */
#define _XOPEN_SOURCE 700
#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    mode_t kind;
    const char *name;
} KINDS[] = {{S_IFDIR, "a directory"}, {S_IFIFO, "a named pipe"}, {S_IFCHR, "a device"},
             {S_IFBLK, "a device"},    {S_IFSOCK, "a socket"}};

/* Given: a path. Returned: what it is that is no regular file; NULL for a regular file and where there is nothing. */
const char *irregular(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; ++i)
        if ((status.st_mode & S_IFMT) == KINDS[i].kind)
            return KINDS[i].name;
    return NULL;
}

/* Given: a path. Returned: true if there is a regular file that can be opened for reading. */
bool file_readable(const char *path)
{
    return irregular(path) == NULL && access(path, R_OK) == 0;
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

/*
 * Given: what the file is, its path, and the remedy that the error of an unreadable one ends on. Returned: all its
 * bytes, to be given to file_free; what is no readable regular file ends the program.
 */
struct file_bytes file_read(const char *what, const char *path, const char *remedy)
{
    struct file_bytes file = {NULL, 0};
    const char *kind = irregular(path);
    if (kind != NULL)
        fail("cannot read %s '%s': it is %s, not a file; %s", what, path, kind, remedy);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        fail("cannot open %s '%s': %s; %s", what, path, strerror(errno), remedy);
    errno = 0;
    if (!read_all(stream, what, &file))
        fail("cannot read %s '%s': %s; %s", what, path, strerror(errno), remedy);
    fclose(stream);
    return file;
}

/* Forgets the bytes. Given: a file that was read. */
void file_free(struct file_bytes *file)
{
    free(file->bytes);
    *file = (struct file_bytes){NULL, 0};
}
