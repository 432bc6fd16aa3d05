/* Paths and the files that they stand for. */
#define _XOPEN_SOURCE 700
#include "paths.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages.h"

enum { MOST_LINKS = 40 };

/* A new string of the first bytes of a text. */
static char *copy_start(const char *text, size_t length)
{
    char *copy = checked_alloc(length + 1, 1, "a file name");
    memcpy(copy, text, length);
    return copy;
}

/* Given: a folder and a name. Returned: the path of the name inside the folder, to be freed. */
char *joined_path(const char *folder, const char *name)
{
    size_t room = strlen(folder) + strlen(name) + 2;
    char *path = checked_alloc(room, 1, "a file name");
    const char *slash = folder[0] != '\0' && folder[strlen(folder) - 1] == '/' ? "" : "/";
    snprintf(path, room, "%s%s%s", folder, slash, name);
    return path;
}

/* Given: a path. Returned: its folder, to be freed. */
char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return copy_start(".", 1);
    return copy_start(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Given: a path. Returned: its last part. */
const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* What a symbolic link points to, as a new path; NULL if path is no link. */
static char *pointed_to(const char *path)
{
    char text[PATH_MAX];
    ssize_t length = readlink(path, text, sizeof text - 1);
    if (length < 0)
        return NULL;
    text[length] = '\0';
    if (text[0] == '/')
        return copy_start(text, (size_t)length);
    char *folder = folder_of(path), *target = joined_path(folder, text);
    free(folder);
    return target;
}

/*
 * Given: a path. Returned: the file itself behind links, to be freed; it need not be there, so that a dangling link is
 * followed, too.
 */
char *resolved_path(const char *path)
{
    char *real = realpath(path, NULL);
    if (real != NULL)
        return real;
    char *at = copy_start(path, strlen(path));
    for (int i = 0; i < MOST_LINKS; ++i) {
        char *next = pointed_to(at);
        if (next == NULL)
            break;
        free(at);
        at = next;
    }
    char *folder = folder_of(at), *real_folder = realpath(folder, NULL);
    char *target = real_folder != NULL ? joined_path(real_folder, name_of(at)) : copy_start(at, strlen(at));
    free(real_folder);
    free(folder);
    free(at);
    return target;
}

/* True if two paths stand for one file, whatever they are spelled like. */
static bool same_file(const char *a, const char *b)
{
    struct stat first, second;
    bool first_there = stat(a, &first) == 0, second_there = stat(b, &second) == 0;
    if (first_there && second_there)
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
    if (first_there != second_there)
        return false;
    char *first_path = resolved_path(a), *second_path = resolved_path(b);
    bool same = strcmp(first_path, second_path) == 0;
    free(first_path);
    free(second_path);
    return same;
}

/* Ends the program if the output is one of the files; use says what is done with them. */
static void require_apart(const struct named_file *output, const struct named_file *file, int files, const char *use)
{
    for (int i = 0; i < files; ++i)
        if (same_file(output->path, file[i].path))
            fail("%.*s: '%s' is %s as %.*s, too; name another file", (int)strcspn(output->option, " "), output->option,
                 output->path, use, (int)strcspn(file[i].option, " "), file[i].option);
}

/*
 * Ends the program if an output names an input or another output; a device or a pipe may be named often. Given: the
 * outputs and the inputs of a run.
 */
void require_free_targets(const struct named_file *output, int outputs, const struct named_file *input, int inputs)
{
    struct stat status;
    for (int i = 0; i < outputs; ++i) {
        if (stat(output[i].path, &status) == 0 && !S_ISREG(status.st_mode))
            continue;
        require_apart(&output[i], input, inputs, "read");
        require_apart(&output[i], output, i, "written");
    }
}
