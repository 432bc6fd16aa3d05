/* Reading of matrix, source and amorphous-scattering files. */
#include "read_tables.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "constants.h"
#include "numbers.h"
#include "value_rules.h"

static const char BLANKS[] = " \t\v\f";
static const char COLUMN_SEPARATORS[] = " \t\v\f,;:!";
static const double SOURCE_DISTANCE_M = 10.0;

/*
 * Given: the path of an orientation matrix, and where warnings go. Returned: in number, its nine numbers row by row (no
 * unit: they are times the wavelength). spec/05 section 6.
 */
void matrix_read(const char *path, double number[9], struct warnings *w)
{
    struct file_bytes file = text_read("matrix file", path, "give -mat FILE or -cell", w);
    struct piece line = {0};
    int count = 0;
    while (count < 9 && next_line(&file, &line)) {
        struct piece word = {0};
        while (count < 9 && next_word(&line, BLANKS, &word)) {
            if (parse_real(word.at, word.length, &number[count++]))
                continue;
            refuse_comment("matrix file", path, &line, &word);
            fail("matrix file '%s' line %lld: '%.*s' is not a finite number; nine are needed", path, line.line,
                 word.length < 40 ? (int)word.length : 40, word.at);
        }
    }
    if (count < 9)
        fail("matrix file '%s': %d numbers, nine are needed", path, count);
    file_free(&file);
}

/* Splits a line into at most wanted numbers; missing ones (and the word nan) stay as they are. Returned: columns. */
static int read_columns(const char *what, const char *path, const struct piece *line, int wanted, double *value,
                        long long *missing)
{
    struct piece word = {0};
    int count = 0;
    for (; count < wanted && next_word(line, COLUMN_SEPARATORS, &word); ++count) {
        bool word_missing = word.length == 3 && strncasecmp(word.at, "nan", 3) == 0;
        double number;
        if (word_missing) {
            ++*missing;
            continue;
        }
        if (!parse_real(word.at, word.length, &number)) {
            refuse_comment(what, path, line, &word);
            fail("%s '%s' line %lld: '%.*s' is not a finite number", what, path, line->line,
                 word.length < 40 ? (int)word.length : 40, word.at);
        }
        value[count] = number;
    }
    return count;
}

/* A source from the five columns of a line. */
static struct source make_source(const char *path, long long line, const double value[5])
{
    if (!(value[4] * 1e10 >= range_at("-lambda")->least))
        fail("source file '%s' line %lld: wavelength %g m is not above 0, or too short", path, line, value[4]);
    return (struct source){vec_unit(vec(value[0], value[1], value[2])), value[3], value[4]};
}

/* Warns of words that count as missing, and of the first wavelength that looks like one in Angstrom. */
static void warn_sources(const char *path, const struct source *list, long long count, long long missing,
                         struct warnings *w)
{
    if (missing > 0)
        warn_later(w, "source file '%s' has the word nan %lld times: it counts as not given", path, missing);
    for (long long i = 0; i < count; ++i) {
        double wavelength_A = list[i].lambda_m * 1e10;
        if (range_doubt(range_at("-lambda"), wavelength_A) == NULL)
            continue;
        warn_later(w, "-sourcefile source %lld: the wavelength %g m is %g Angstrom; the fifth column is in metres",
                   i + 1, list[i].lambda_m, wavelength_A);
        return;
    }
}

/*
 * Given: the path of a source list, x y z weight wavelength(m), of which trailing columns may be missing; the unit beam
 * vector and the nominal wavelength (m) for the defaults; where warnings go. Returned: *count sources, to be freed.
 * spec/04 section 6.
 */
struct source *sources_read(const char *path, vec3 beam, double lambda0_m, long long *count, struct warnings *w)
{
    struct source *list = NULL;
    struct file_bytes file = text_read("source file", path, "give -sourcefile FILE, or -hdivrange and -dispersion", w);
    struct piece line = {0};
    vec3 back = vec_scale(beam, -SOURCE_DISTANCE_M);
    long long missing = 0;
    *count = 0;
    while (next_line(&file, &line)) {
        double value[5] = {back.x, back.y, back.z, 1.0, lambda0_m};
        if (read_columns("source file", path, &line, 5, value, &missing) == 0)
            continue;
        list = checked_resize(list, (size_t)*count + 1, sizeof *list, "the sources");
        values_check_direction("-sourcefile source", *count + 1, vec(value[0], value[1], value[2]));
        list[(*count)++] = make_source(path, line.line, value);
    }
    if (*count == 0)
        fail("source file '%s' holds no source; give lines of x y z [weight [wavelength in m]]", path);
    warn_sources(path, list, *count, missing, w);
    file_free(&file);
    return list;
}

/*
 * Checks an amorphous-scattering table, which no image depends on: it must be readable and have a line. Given: its
 * path, and where warnings go. spec/05 section 7.
 */
void stol_check(const char *path, struct warnings *w)
{
    struct file_bytes file = text_read("scattering table", path, "give the table of -stol, -4stol or -Q", w);
    struct piece line = {0};
    double value[2];
    long long lines = 0, missing = 0;
    while (next_line(&file, &line))
        lines += read_columns("scattering table", path, &line, 2, value, &missing) > 0;
    if (lines == 0)
        fail("scattering table '%s' holds no line; give two columns, abscissa and amplitude", path);
    file_free(&file);
}
