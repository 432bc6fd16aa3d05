/* Names of unfinished files that tell which process makes them, the same as the simulator's. */
#ifndef NB_OWNER_H
#define NB_OWNER_H

#include <stddef.h>

void part_name(char *text, size_t room, const char *name, int number);
void sweep_folder(const char *folder);

#endif
