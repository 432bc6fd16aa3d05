/* How the values of an option are stored; the rows of the option table name these functions. */
#ifndef NB_OPTION_STORE_H
#define NB_OPTION_STORE_H

#include "option_table.h"

/*
 * Given: the options, the row of one of them, and its checked values in the unit typed. The field at the row's place
 * holds the value afterwards, in metres, radians and so on.
 */
#define STORE(name) void name(struct options *o, const struct option_row *row, const struct values *v)

STORE(store_real);
STORE(store_product);
STORE(store_whole);
STORE(store_code);
STORE(store_flag);
STORE(store_text);
STORE(store_input);
STORE(store_nothing);
STORE(store_axis);
STORE(store_pix0);
STORE(store_cell);
STORE(store_misset);
STORE(store_misset_seed);
STORE(store_noise_seed);
STORE(store_three_counts);
STORE(store_three_sizes);
STORE(store_energy);
STORE(store_divergence);
STORE(store_divsteps);
STORE(store_kahn);
STORE(store_distance);
STORE(store_twotheta);
STORE(store_pixels);
STORE(store_detsize);
STORE(store_absorption);
STORE(store_pivot);
STORE(store_roi);
STORE(store_printout_pixel);
STORE(store_output);
STORE(store_pgm_scale);
STORE(store_parity_mode);
STORE(store_quirk);
STORE(store_trace_pixel);
STORE(store_trace_roi);
STORE(store_trace_file);
STORE(store_trace_level);
STORE(store_trace_schema);

#undef STORE

#endif
