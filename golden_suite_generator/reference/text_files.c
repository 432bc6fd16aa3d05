/*
 * Text inputs: plain text only, LF, CR LF or a lone CR end a line, comments are refused by name. The simulator has the
 * same rule.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "files.h"

enum { SAMPLE_BYTES = 4096 };
static const double MOST = 0.8;
static const char BLANK[] = " \t\v\f";
static const char COMMENT_MARKS[] = "#!%;*\"'";

/* Byte-order marks and the encodings that they announce; longer marks first. */
static const struct {
    const char *mark;
    size_t length;
    const char *name;
} MARKS[] = {{"\xef\xbb\xbf", 3, "UTF-8 with a byte-order mark"},
             {"\xff\xfe\0\0", 4, "UTF-32"},
             {"\0\0\xfe\xff", 4, "UTF-32"},
             {"\xff\xfe", 2, "UTF-16"},
             {"\xfe\xff", 2, "UTF-16"}};

/* True if the bytes look like UTF-16 of Latin letters without a mark: zeros at all even, or all odd, places. */
static bool unmarked_utf16(const struct file_bytes *file)
{
    size_t pairs = (file->size < SAMPLE_BYTES ? file->size : SAMPLE_BYTES) / 2, zeros[2] = {0, 0};
    for (size_t i = 0; i < 2 * pairs; ++i)
        zeros[i % 2] += file->bytes[i] == '\0';
    double enough = MOST * (double)pairs;
    bool at_odd = (double)zeros[1] >= enough && zeros[0] == 0, at_even = (double)zeros[0] >= enough && zeros[1] == 0;
    return pairs > 0 && (at_odd || at_even);
}

/* The name of what makes these bytes no plain text, NULL for plain text. */
static const char *foreign_encoding(const struct file_bytes *file)
{
    for (size_t i = 0; i < sizeof MARKS / sizeof MARKS[0]; ++i)
        if (file->size >= MARKS[i].length && memcmp(file->bytes, MARKS[i].mark, MARKS[i].length) == 0)
            return MARKS[i].name;
    if (unmarked_utf16(file))
        return "UTF-16";
    return memchr(file->bytes, '\0', file->size) != NULL ? "binary (it has NUL bytes)" : NULL;
}

/* Warns of a last line without a line end, which looks like the middle of a line. */
static void warn_unfinished(const char *what, const char *path, const struct file_bytes *file, struct warnings *w)
{
    struct piece line = {0}, last = {0}, word = {0};
    if (file->size == 0 || strchr("\r\n", file->bytes[file->size - 1]) != NULL)
        return;
    while (next_line(file, &line))
        last = line;
    if (next_word(&last, BLANK, &word))
        warn_later(w, "%s '%s' ends in the middle of a line (line %lld); see whether it is whole", what, path,
                   last.line);
}

/*
 * Given: what the file is, its path, the remedy that the error of an unreadable one ends on, and where warnings go.
 * Returned: all its bytes, to be given to file_free; what is no plain text ends the program.
 */
struct file_bytes text_read(const char *what, const char *path, const char *remedy, struct warnings *w)
{
    struct file_bytes file = file_read(what, path, remedy);
    const char *foreign = foreign_encoding(&file);
    if (foreign != NULL)
        fail("%s '%s' is %s; save it as plain text, ASCII or UTF-8 without a mark", what, path, foreign);
    warn_unfinished(what, path, &file, w);
    return file;
}

/*
 * Steps to the next line. Given: the file, and the line before, all zeros at the start. Returned: false at the end of
 * the file.
 */
bool next_line(const struct file_bytes *file, struct piece *line)
{
    const char *end = file->bytes + file->size;
    const char *at = file->bytes;
    if (line->at != NULL) {
        const char *stop = line->at + line->length;
        at = stop + (end - stop >= 2 && stop[0] == '\r' && stop[1] == '\n' ? 2 : 1);
    }
    if (at >= end)
        return false;
    const char *stop = at;
    while (stop < end && *stop != '\n' && *stop != '\r')
        ++stop;
    *line = (struct piece){at, (size_t)(stop - at), line->line + 1};
    return true;
}

/* True if c is one of the separators. */
static bool is_separator(char c, const char *separators)
{
    return c != '\0' && strchr(separators, c) != NULL;
}

/*
 * Steps to the next word of a line. Given: the line, what separates words, and the word before, all zeros at the start.
 * Returned: false at the end of the line.
 */
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

/* True if a word is one of those that stand for a number that is not finite. */
static bool odd_number(const struct piece *word)
{
    static const char *const WORDS[] = {"nan", "inf", "infinity"};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; ++i)
        if (word->length == strlen(WORDS[i]) && strncasecmp(word->at, WORDS[i], word->length) == 0)
            return true;
    return false;
}

/* True if a word begins a comment wherever it stands. */
static bool has_mark(const struct piece *word)
{
    bool slash = word->length >= 2 && word->at[0] == '/' && (word->at[1] == '/' || word->at[1] == '*');
    return slash || is_separator(word->at[0], COMMENT_MARKS);
}

/*
 * Ends the program if a word that is no number begins a comment, or its line is a heading. Given: what the file is, its
 * path, the line and the word.
 */
void refuse_comment(const char *what, const char *path, const struct piece *line, const struct piece *word)
{
    struct piece first = {0};
    bool found = next_word(line, BLANK, &first);
    bool heading = found && isalpha((unsigned char)first.at[0]) && !odd_number(&first);
    if (!found || (!heading && !has_mark(&first) && !has_mark(word)))
        return;
    fail("%s '%s' line %lld: '%.*s' is a comment or a heading; take it out, only numbers are read", what, path,
         line->line, line->length < 40 ? (int)line->length : 40, line->at);
}
