/* Paths: their parts, what they stand for behind links, and outputs that would overwrite something. */
#ifndef NB_PATHS_H
#define NB_PATHS_H

/* A file as the user named it, and the option that named it, followed by a blank or nothing. */
struct named_file {
    const char *option, *path;
};

char *joined_path(const char *folder, const char *name);
char *folder_of(const char *path);
const char *name_of(const char *path);
char *resolved_path(const char *path);
void require_free_targets(const struct named_file *output, int outputs, const struct named_file *input, int inputs);

#endif
