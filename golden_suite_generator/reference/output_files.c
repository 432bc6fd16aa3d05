/*
 * Writing of outputs. Each is written under a temporary name beside its target and renamed when all are whole; an
 * error, and a signal that ends the run, removes what has no name yet. The list of unfinished files is the one
 * variable outside of functions, since the handler of a signal is given nothing.
 */
#define _XOPEN_SOURCE 700
#include "output_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages.h"
#include "owner.h"
#include "paths.h"

enum { MOST_PARTS = 8, NAME_ROOM = 512, LINE_ROOM = 1000 };

/* A file that has no name yet. */
struct part {
    char *volatile name; /* the temporary file, NULL when there is none */
    char *target;
    const char *what;
};

static struct part unfinished[MOST_PARTS];
static int parts_made;

static const int ENDING[] = {SIGINT, SIGTERM, SIGHUP};
enum { ENDING_COUNT = sizeof ENDING / sizeof ENDING[0] };

/* Removes all files that have no name yet; called by exit(), and by signals. */
static void drop_parts(void)
{
    for (int i = 0; i < MOST_PARTS; ++i) {
        const char *name = unfinished[i].name;
        if (name != NULL)
            unlink(name);
    }
}

/* Removes what is unfinished and ends the process as the signal does without a handler. */
static void end_by_signal(int number)
{
    drop_parts();
    signal(number, SIG_DFL);
    raise(number);
}

/* The signals that end a run, as a set. */
static sigset_t ending_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < ENDING_COUNT; ++i)
        sigaddset(&set, ENDING[i]);
    return set;
}

/*
 * Prepares the process: the standard streams are open, so that no output takes their place; a full disk and a reader
 * that is gone are errors of writing, not the end; signals leave nothing half-written.
 */
void process_guard(void)
{
    int null = open("/dev/null", O_RDWR);
    while (null >= 0 && null <= STDERR_FILENO)
        null = dup(null);
    if (null >= 0)
        close(null);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    atexit(drop_parts);
    for (int i = 0; i < ENDING_COUNT; ++i) {
        struct sigaction old, ours = {.sa_handler = end_by_signal, .sa_mask = ending_signals()};
        if (sigaction(ENDING[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(ENDING[i], &ours, NULL);
    }
}

/* The errno value that forbids replacing an existing file, or 0; a file without write bits is kept even from root. */
static int reason_to_keep(const char *path, const struct stat *status)
{
    if (S_ISDIR(status->st_mode))
        return EISDIR;
    if (S_ISREG(status->st_mode) && (status->st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0)
        return EACCES;
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0 ? errno : 0;
}

/* The errno value that forbids making a file of this resolved path, or 0. */
static int reason_not_to_make(const char *target)
{
    struct stat status;
    char *folder = folder_of(target);
    int reason = faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0 || stat(folder, &status) != 0 ? errno : 0;
    if (reason == 0 && !S_ISDIR(status.st_mode))
        reason = ENOTDIR;
    free(folder);
    return reason;
}

/* Given: a path. Returned: true if it can be created or replaced; otherwise *why says why not. */
bool output_possible(const char *path, const char **why)
{
    struct stat status;
    int reason = 0;
    if (stat(path, &status) == 0)
        reason = reason_to_keep(path, &status);
    else if (errno != ENOENT || path[0] == '\0')
        reason = errno;
    if (reason == 0 && (stat(path, &status) != 0 || S_ISREG(status.st_mode))) {
        char *target = resolved_path(path);
        reason = reason_not_to_make(target);
        free(target);
    }
    *why = strerror(reason);
    return reason == 0;
}

/*
 * Ends the program if an output could not be written; called before any work is done. Given: what it is, and its path.
 */
void output_check(const char *what, const char *path)
{
    const char *why;
    if (!output_possible(path, &why))
        fail("cannot write %s '%s': %s; name another file", what, path, why);
}

/* Removes what dead processes left beside an output. Given: its path. */
void output_sweep(const char *path)
{
    char *target = resolved_path(path), *folder = folder_of(target);
    sweep_folder(folder);
    free(folder);
    free(target);
}

/* Forgets one unfinished file; if it is still there it is removed. */
static void forget_part(struct part *part)
{
    char *name = part->name;
    unlink(name);
    part->name = NULL;
    free(name);
    free(part->target);
    part->target = NULL;
}

/* An output has failed: the end of the run, or of this output if it is optional. */
static void give_up(struct output *out, const char *why)
{
    if (!out->optional)
        fail("cannot write %s '%s': %s; name another file", out->what, out->path, why);
    warn_now("cannot write %s '%s': %s; the run goes on without it", out->what, out->path, why);
    if (out->stream != NULL)
        fclose(out->stream);
    out->stream = NULL;
    if (out->part >= 0)
        forget_part(&unfinished[out->part]);
}

/* Why a call has failed, by the errno value that it left. */
static const char *reason_of(int error)
{
    return strerror(error != 0 ? error : EIO);
}

/* Notes a temporary file of the target in the list. Returned: its place. */
static int add_part(const char *what, char *target)
{
    if (parts_made == MOST_PARTS)
        fail("more than %d outputs; this is a fault of the program", MOST_PARTS);
    char name[NAME_ROOM];
    part_name(name, sizeof name, name_of(target), parts_made);
    char *folder = folder_of(target);
    unfinished[parts_made] = (struct part){NULL, target, what};
    unfinished[parts_made].name = joined_path(folder, name);
    free(folder);
    return parts_made++;
}

/* Makes the temporary file with the mode of the file that it replaces. Returned: NULL with errno set on failure. */
static FILE *make_part(const struct part *part)
{
    struct stat old;
    int handle = open(part->name, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (handle < 0)
        return NULL;
    if (stat(part->target, &old) == 0)
        (void)!fchmod(handle, old.st_mode & 07777);
    return fdopen(handle, "wb");
}

/*
 * Given: what the output is, its path, and whether failing is worth a warning only. Returned: the open output; a file
 * of any other kind than regular (a pipe, a device) is written directly.
 */
struct output output_open(const char *what, const char *path, bool optional)
{
    struct output out = {NULL, what, path, -1, optional};
    struct stat status;
    const char *why;
    if (!output_possible(path, &why)) {
        give_up(&out, why);
        return out;
    }
    bool direct = stat(path, &status) == 0 && !S_ISREG(status.st_mode);
    if (!direct)
        out.part = add_part(what, resolved_path(path));
    out.stream = direct ? fopen(path, "wb") : make_part(&unfinished[out.part]);
    if (out.stream == NULL)
        give_up(&out, reason_of(errno));
    return out;
}

/* Writes bytes, unless the output is given up. Given: the output, and size bytes. */
void output_write(struct output *out, const void *bytes, size_t size)
{
    errno = 0;
    if (out->stream != NULL && size > 0 && fwrite(bytes, 1, size, out->stream) != size)
        give_up(out, reason_of(errno));
}

/* Closes an output; its bytes are all written then. Given: the output, open, closed or given up. */
void output_close(struct output *out)
{
    FILE *stream = out->stream;
    if (stream == NULL)
        return;
    bool bad = ferror(stream) != 0;
    errno = 0;
    out->stream = NULL;
    if (fclose(stream) != 0 || bad)
        give_up(out, reason_of(errno));
}

/* The end of a message: which outputs have their names already. */
static void add_whole(char *text, const char *target)
{
    size_t length = strlen(text);
    snprintf(text + length, LINE_ROOM - length, "%s'%s'", length == 0 ? "; whole are: " : ", ", target);
}

/* Gives all outputs their names; a signal that asks for the end waits until that is done. */
void outputs_publish(void)
{
    char whole[LINE_ROOM] = "";
    sigset_t signals = ending_signals(), before;
    sigprocmask(SIG_BLOCK, &signals, &before);
    for (int i = 0; i < parts_made; ++i) {
        struct part *part = &unfinished[i];
        if (part->name == NULL)
            continue;
        if (rename(part->name, part->target) != 0)
            fail("cannot write %s '%s': %s; name another file%s", part->what, part->target, strerror(errno), whole);
        add_whole(whole, part->target);
        forget_part(part);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}
