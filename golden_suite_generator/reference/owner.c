/*
 * The name of an unfinished file is .NAME.part.HOST-PID-START.NUMBER: host tag, process number and start of the
 * process in clock ticks. Both programs write such names, and both remove those that dead processes left.
 */
#define _XOPEN_SOURCE 700
#include "owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST_STEM = 64, HOST_DIGITS = 8, STAT_ROOM = 4096, NAME_ROOM = 512 };
static const char MARK[] = ".part.";

/* Reads a short file. Returned: false if it is not there. */
static bool read_short(const char *path, char *text, size_t room)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return false;
    size_t size = fread(text, 1, room - 1, stream);
    text[size] = '\0';
    fclose(stream);
    return true;
}

/* What tells apart hosts and containers that may share a folder: FNV-1a of host name and process space. */
static unsigned host_tag(void)
{
    char host[NAME_ROOM] = "", space[NAME_ROOM] = ".", text[2 * NAME_ROOM];
    gethostname(host, sizeof host - 1);
    ssize_t length = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    if (length > 0)
        space[length] = '\0';
    snprintf(text, sizeof text, "%s %s", host, space);
    unsigned hash = 2166136261u;
    for (const char *at = text; *at != '\0'; ++at)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    return hash;
}

/* Where the system tells nothing of processes: 0 for one that is alive, -1 for one that is gone. */
static long long alive(long long pid)
{
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH ? -1 : 0;
}

/* When a process started, in ticks; -1 if it is gone, 0 where the system does not tell. */
static long long started(long long pid)
{
    char path[64], text[STAT_ROOM];
    snprintf(path, sizeof path, "/proc/%lld/stat", pid);
    if (!read_short(path, text, sizeof text))
        return access("/proc/self/stat", F_OK) == 0 && errno != EACCES && access(path, F_OK) != 0 ? -1 : alive(pid);
    const char *at = strrchr(text, ')');
    if (at == NULL || at[1] == '\0')
        return 0;
    at += 2;
    if (*at == 'Z' || *at == 'X')
        return -1;
    for (int field = 0; field < 19 && at != NULL; ++field)
        at = (at = strchr(at, ' ')) != NULL ? at + 1 : NULL;
    return at != NULL ? strtoll(at, NULL, 10) : 0;
}

/*
 * Writes the name that an unfinished file of this process has. Given: room for the text, the name of its target, and
 * the number that tells its files apart.
 */
void part_name(char *text, size_t room, const char *name, int number)
{
    long long start = started((long long)getpid());
    snprintf(text, room, ".%.*s%s%08x-%lld-%lld.%d", LONGEST_STEM, name, MARK, host_tag(), (long long)getpid(),
             start > 0 ? start : 0, number);
}

/* True if a name is that of a file which a dead process of this host left unfinished. */
static bool is_stale(const char *name, unsigned host)
{
    char digits[HOST_DIGITS + 1];
    long long pid;
    long long start;
    int end = 0;
    const char *at = NULL;
    for (const char *next = strstr(name, MARK); next != NULL; next = strstr(next + 1, MARK))
        at = next + sizeof MARK - 1;
    snprintf(digits, sizeof digits, "%08x", host);
    if (at == NULL || strncmp(at, digits, HOST_DIGITS) != 0)
        return false;
    if (sscanf(at + HOST_DIGITS, "-%lld-%lld.%n", &pid, &start, &end) != 2 || end == 0 || pid <= 0)
        return false;
    long long now = started(pid);
    return now < 0 || (now != 0 && now != start);
}

/* Removes the files that dead processes left unfinished; what cannot be removed stays. Given: a folder. */
void sweep_folder(const char *folder)
{
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return;
    unsigned host = host_tag();
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries))
        if (is_stale(entry->d_name, host))
            unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
}
