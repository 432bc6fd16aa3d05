/* Reading of hkl files, reading and writing of dump files (spec/05 sections 2 and 3). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "messages.h"
#include "numbers.h"
#include "output_files.h"
#include "structure_factor.h"
#include "value_rules.h"

static const char BLANKS[] = " \t\v\f";
static const double MOST_ENTRIES = 2147483648.0;
static const double LARGEST_INDEX = 2147483647.0;
static const char HKL_REMEDY[] = "give -hkl FILE, or -default_F F alone";

/* One reflection of the file. */
struct reflection {
    double h, k, l, F;
};

/* The number in a word of the hkl file, or an error with file and line. */
static double word_number(const char *path, const struct piece *line, const struct piece *word)
{
    double value;
    if (!parse_real(word->at, word->length, &value)) {
        refuse_comment("HKL file", path, line, word);
        fail("HKL file '%s' line %lld: '%.*s' is not a finite number; four numbers a line are needed: h k l F", path,
             word->line, word->length < 40 ? (int)word->length : 40, word->at);
    }
    return value;
}

/* Reads one line. Returned: false if it is blank. */
static bool read_reflection(const char *path, const struct piece *line, struct reflection *r)
{
    double value[4];
    int count = 0;
    struct piece word = {0};
    while (next_word(line, BLANKS, &word)) {
        if (count == 4) {
            refuse_comment("HKL file", path, line, &word);
            fail("HKL file '%s' line %lld has more than four columns; give h k l F", path, line->line);
        }
        value[count++] = word_number(path, line, &word);
    }
    if (count == 0)
        return false;
    if (count < 4)
        fail("HKL file '%s' line %lld has %d columns; four are needed: h k l F", path, line->line, count);
    for (int i = 0; i < 3; ++i)
        if (value[i] != floor(value[i]) || fabs(value[i]) > LARGEST_INDEX)
            fail("HKL file '%s' line %lld: index %g is not a whole number within 32 bits", path, line->line, value[i]);
    *r = (struct reflection){value[0], value[1], value[2], value[3]};
    return true;
}

/* Widens a range to hold an index. */
static void widen(long long *min, long long *max, double index)
{
    if ((long long)index < *min)
        *min = (long long)index;
    if ((long long)index > *max)
        *max = (long long)index;
}

/* First pass: ranges and number of reflections. */
static void find_ranges(const char *path, const struct file_bytes *file, struct factor_table *t)
{
    struct piece line = {0};
    struct reflection r;
    t->h_min = t->k_min = t->l_min = (long long)LARGEST_INDEX;
    t->h_max = t->k_max = t->l_max = -(long long)LARGEST_INDEX;
    while (next_line(file, &line)) {
        if (!read_reflection(path, &line, &r))
            continue;
        widen(&t->h_min, &t->h_max, r.h);
        widen(&t->k_min, &t->k_max, r.k);
        widen(&t->l_min, &t->l_max, r.l);
        t->reflections += 1.0;
    }
    if (t->reflections == 0.0)
        fail("HKL file '%s' holds no reflection; four numbers a line are needed: h k l F", path);
}

/* Entries of the table with its extra planes. */
static double box_entries(const struct factor_table *t)
{
    return (double)box_h(t) * (double)box_k(t) * (double)box_l(t);
}

/* Makes the table, all zeros, if its size is sensible. */
static void allocate_box(const char *kind, const char *path, struct factor_table *t)
{
    double entries = box_entries(t);
    if (!(entries <= MOST_ENTRIES))
        fail("%s '%s': indices %lld..%lld %lld..%lld %lld..%lld make a table of %.3g entries, more than %.3g", kind,
             path, t->h_min, t->h_max, t->k_min, t->k_max, t->l_min, t->l_max, entries, MOST_ENTRIES);
    values_check_memory(2.0 * entries * sizeof *t->F, path);
    t->F = checked_alloc((size_t)entries, sizeof *t->F, "the structure factors");
}

/* Sets the entries inside the ranges to default_F; the extra planes stay 0. */
static void fill_default(struct factor_table *t)
{
    for (long long h = t->h_min; h <= t->h_max; ++h)
        for (long long k = t->k_min; k <= t->k_max; ++k)
            for (long long l = t->l_min; l <= t->l_max; ++l)
                t->F[box_at(t, h, k, l)] = t->default_F;
}

/*
 * Given: the path of a reflection list, F of what is not listed (electrons), and where warnings go. Returned: the box
 * around its indices; a reflection listed twice keeps the last value. spec/05 section 2.
 */
struct factor_table hkl_read(const char *path, double default_F, struct warnings *w)
{
    struct factor_table t = {.default_F = default_F};
    struct file_bytes file = text_read("HKL file", path, HKL_REMEDY, w);
    find_ranges(path, &file, &t);
    allocate_box("HKL file", path, &t);
    if (default_F != 0.0)
        fill_default(&t);
    struct piece line = {0};
    struct reflection r;
    while (next_line(&file, &line))
        if (read_reflection(path, &line, &r))
            t.F[box_at(&t, (long long)r.h, (long long)r.k, (long long)r.l)] = r.F;
    file_free(&file);
    return t;
}

/* The six ranges of the first line. Returned: the place behind the form feed that follows it. */
static size_t read_ranges(const char *path, const struct file_bytes *file, struct factor_table *t)
{
    long long value[6];
    struct piece line = {0}, word = {0};
    int count = 0;
    bool good = next_line(file, &line);
    while (good && count < 6 && next_word(&line, " ", &word))
        good = parse_whole(word.at, word.length, &value[count++]);
    size_t after = (size_t)line.length + 1;
    good = good && count == 6 && !next_word(&line, " ", &word) && after < file->size && file->bytes[after] == '\f';
    good = good && value[0] <= value[1] && value[2] <= value[3] && value[4] <= value[5];
    if (!good)
        fail("dump file '%s' does not begin with six index limits, newline and form feed; give a file this program "
             "wrote, or -hkl FILE", path);
    t->h_min = value[0];
    t->h_max = value[1];
    t->k_min = value[2];
    t->k_max = value[3];
    t->l_min = value[4];
    t->l_max = value[5];
    return after + 1;
}

/*
 * Given: the path of a dump of structure factors, and F outside its box (electrons). Returned: the box. spec/05 section
 * 3.
 */
struct factor_table dump_read(const char *path, double default_F)
{
    struct factor_table t = {.default_F = default_F};
    struct file_bytes file = file_read("dump file", path, "give -dump FILE or -hkl FILE");
    size_t start = read_ranges(path, &file, &t);
    double wanted = box_entries(&t) * sizeof(double);
    if ((double)(file.size - start) != wanted)
        fail("dump file '%s' holds %zu bytes of structure factors, %.0f are needed for its index limits", path,
             file.size - start, wanted);
    allocate_box("dump file", path, &t);
    memcpy(t.F, file.bytes + start, file.size - start);
    for (size_t i = 0; i < (size_t)box_entries(&t); ++i)
        if (!isfinite(t.F[i]))
            fail("dump file '%s': entry %zu is not a finite number", path, i);
    t.reflections = (double)(box_h(&t) - 1) * (double)(box_k(&t) - 1) * (double)(box_l(&t) - 1);
    file_free(&file);
    return t;
}

/*
 * Writes the table; a dump that cannot be written is only worth a warning. Given: the table and the path. spec/05
 * section 3.
 */
void dump_write(const struct factor_table *t, const char *path)
{
    char limits[160];
    struct output out = output_open("dump file", path, true);
    int length = snprintf(limits, sizeof limits, "%lld %lld %lld %lld %lld %lld\n\f", t->h_min, t->h_max, t->k_min,
                          t->k_max, t->l_min, t->l_max);
    output_write(&out, limits, (size_t)length);
    output_write(&out, t->F, (size_t)box_entries(t) * sizeof *t->F);
    output_close(&out);
}
