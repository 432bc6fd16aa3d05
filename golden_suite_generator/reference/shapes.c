/* The table of shapes. */
#include "shapes.h"

#include "messages.h"

#define SHAPE_ROW(WORD, name, has_fudge, options, help, printed) \
    [SHAPE_##WORD] = {#WORD, #name, printed, has_fudge, name##_lattice_factor},
static const struct shape TABLE[] = {SHAPES(SHAPE_ROW)};

/* Given: the code of a shape, enum shape_code. Returned: its row; a code of no shape ends the program. */
const struct shape *shape_at(long long code)
{
    if (code < 0 || code >= SHAPE_COUNT)
        fail("crystal shape %lld is none of the %d that there are; this is a fault of the program", code, SHAPE_COUNT);
    return &TABLE[code];
}
