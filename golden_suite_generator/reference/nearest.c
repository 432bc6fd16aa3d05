/* Edit distance between a typed word and the known names. */
#include "nearest.h"

#include <string.h>

enum { LONGEST = 48 };

/* Given: a word of length letters. Returned: a search for the name nearest to it. */
struct nearest nearest_start(const char *word, size_t length)
{
    return (struct nearest){word, length < LONGEST ? length : LONGEST, "", (size_t)-1};
}

/* The least of three numbers. */
static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Number of single-letter insertions, deletions and replacements that turn one word into the other. */
static size_t edit_distance(const char *word, size_t length, const char *name)
{
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= length; ++j)
        row[j] = j;
    for (size_t i = 1; name[i - 1] != '\0'; ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; ++j) {
            size_t replaced = diagonal + (name[i - 1] == word[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = smallest(row[j] + 1, row[j - 1] + 1, replaced);
        }
    }
    return row[length];
}

/* Keeps a name if it is nearer than the best so far. Given: the search and the name. */
void nearest_try(struct nearest *best, const char *name)
{
    size_t distance = edit_distance(best->word, best->length, name);
    if (distance < best->distance) {
        best->distance = distance;
        best->name = name;
    }
}
