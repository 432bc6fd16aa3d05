/* The tables of spec/04 that turn ranges, step sizes and counts into lists. */
#include "sampling.h"

#include <math.h>
#include <stdlib.h>

#include "constants.h"
#include "value_rules.h"

static const double SOURCE_DISTANCE_M = 10.0;

/* ceil(range/step) as a count. */
static long long count_of(const char *what, double range, double step)
{
    double n = ceil(range / step);
    if (!(n <= (double)LARGEST_COUNT))
        fail("%s: a range of %g in steps of %g makes %.3g steps, at most %d can be; change one of them", what, range,
             step, n, LARGEST_COUNT);
    return (long long)n;
}

/* Phi steps (spec/04 section 1); range and step in radians. */
static struct sampled resolve_phi(struct sampled p, const struct quirks *q)
{
    bool zero = p.range == 0.0;
    if (p.count < 0 && p.range < 0.0)
        p = p.step > 0.0 ? (struct sampled){p.step, p.step, 2} : (struct sampled){0.0, 0.0, 1};
    else if (p.count < 0)
        p = p.step > 0.0 ? (struct sampled){p.range, p.step, count_of("-osc", p.range, p.step)}
                         : (struct sampled){p.range, p.range / 2.0, 2};
    else {
        if (p.count == 0)
            p.count = 1;
        if (p.range < 0.0 && p.step > 0.0) {
            p.range = q->on[QUIRK_PHISTEP_WINS] ? p.step : p.step * (double)p.count;
            p.count = q->on[QUIRK_PHISTEP_WINS] ? 2 : p.count;
        } else if (p.range < 0.0) {
            p.range = 1.0 / DEGREES_PER_RADIAN;
            p.step = p.range / (double)p.count;
        } else if (p.step < 0.0) {
            p.step = p.range / (double)p.count;
        }
    }
    if (zero && (p.count < 1 || !q->on[QUIRK_OSC_ZERO]))
        p = (struct sampled){0.0, 0.0, 1};
    return p;
}

/* One of horizontal, vertical divergence (rad) and dispersion (spec/04 section 2). */
static struct sampled resolve_spread(const char *what, struct sampled p, const struct quirks *q, bool dispersion)
{
    if (p.count <= 0 && p.range < 0.0)
        p = p.step > 0.0 ? (struct sampled){p.step, p.step, 2} : (struct sampled){0.0, 0.0, 1};
    else if (p.count <= 0)
        p = p.step > 0.0 ? (struct sampled){p.range, p.step, count_of(what, p.range, p.step)}
                         : (struct sampled){p.range, p.range, 2};
    else if (p.range < 0.0 && p.step > 0.0) {
        p.range = q->on[QUIRK_DIV_STEP_WINS] ? p.step : p.step * (double)(p.count - 1);
        p.count = q->on[QUIRK_DIV_STEP_WINS] ? 2 : p.count;
    } else if (p.range < 0.0) {
        if (dispersion && !q->on[QUIRK_DIV_ONE_RADIAN])
            fail("-dispersion: a negative width together with -dispsteps is not allowed; give 0 or more percent");
        p.range = q->on[QUIRK_DIV_ONE_RADIAN] ? 1.0 : 0.0;
        p.step = p.range / (double)p.count;
    } else if (p.step <= 0.0) {
        if (p.count == 1 && q->on[QUIRK_STEPS_ONE])
            p.count = 2;
        p.step = p.count > 1 ? p.range / (double)(p.count - 1) : 0.0;
    }
    if (p.range <= 0.0 || p.step <= 0.0 || p.count <= 0)
        p = (struct sampled){0.0, 0.0, 1};
    return p;
}

/* Position of step i; a typed step size is centred when Q-DIV-ASYMMETRIC is off. */
static double spread_at(struct sampled p, bool centred, long long i)
{
    if (centred)
        return p.step * ((double)i - (double)(p.count - 1) / 2.0);
    return p.step * (double)i - p.range / 2.0;
}

/* Part of the ellipse sum of one direction; NaN when the range is 0, which never cuts. */
static double ellipse_term(struct sampled p, double x)
{
    double even = p.count % 2 == 0 ? 1.0 : 0.0;
    return (x * x - ((p.step * p.step) / 4.0) * even) / p.range / p.range;
}

/* True if the elliptic cut drops a divergence point (x, y in rad); NaN never drops one. */
static bool left_out(const struct options *o, const struct sampling *s, double x, double y)
{
    if (o->square_div)
        return false;
    double sum = ellipse_term(s->hdiv, x) + ellipse_term(s->vdiv, y);
    return 4.0 * sum > 1.1;
}

/* The directions of one divergence point, one source for each wavelength. */
static void add_point(const struct options *o, const struct geometry *g, struct sampling *s, double x, double y)
{
    vec3 at = vec_scale(g->beam, -SOURCE_DISTANCE_M);
    at = rotate_axis(rotate_axis(at, g->polar, y), g->vertical, x);
    for (long long i = 0; i < s->dispersion.count; ++i) {
        double relative = 1.0 + s->dispersion.step * (double)i - s->dispersion.range / 2.0;
        s->sources[s->source_count++] = (struct source){vec_unit(at), 1.0, o->lambda_m * relative};
    }
}

/* Ends the program if the dispersion makes a wavelength of 0 or less. */
static void check_shortest(struct sampled p)
{
    double first = 1.0 - p.range / 2.0, last = 1.0 + p.step * (double)(p.count - 1) - p.range / 2.0;
    if (!(fmin(first, last) > 0.0))
        fail("-dispersion: the shortest wavelength would be %g of the nominal one; give less than 200 percent",
             fmin(first, last));
}

/* Sources on a grid of divergence and dispersion (spec/04 section 3). */
static void generate_sources(const struct options *o, const struct quirks *q, const struct geometry *g,
                             struct sampling *s)
{
    bool h_centred = !q->on[QUIRK_DIV_ASYMMETRIC] && o->hdiv.step > 0.0;
    bool v_centred = !q->on[QUIRK_DIV_ASYMMETRIC] && o->vdiv.step > 0.0;
    s->hdiv = resolve_spread("-hdivrange", o->hdiv, q, false);
    s->vdiv = resolve_spread("-vdivrange", o->vdiv, q, false);
    s->dispersion = resolve_spread("-dispersion", o->dispersion, q, true);
    double most = (double)s->hdiv.count * (double)s->vdiv.count * (double)s->dispersion.count;
    values_check_count(most, "sources (divergence, dispersion)");
    check_shortest(s->dispersion);
    s->sources = checked_alloc((size_t)most, sizeof *s->sources, "the sources");
    for (long long i = 0; i < s->hdiv.count; ++i) {
        for (long long j = 0; j < s->vdiv.count; ++j) {
            double x = spread_at(s->hdiv, h_centred, i), y = spread_at(s->vdiv, v_centred, j);
            if (!left_out(o, s, x, y))
                add_point(o, g, s, x, y);
        }
    }
    if (s->source_count == 0)
        fail("-hdivrange, -vdivrange: the round cut leaves no source; give -square_div");
    for (long long i = 0; i < s->source_count; ++i)
        s->sources[i].weight = 1.0 / (double)s->source_count;
}

/* Weight of each source over the mean weight (spec/04 section 7). */
static void weigh_sources(const struct options *o, const struct quirks *q, struct sampling *s)
{
    s->relative_weight = checked_alloc((size_t)s->source_count, sizeof *s->relative_weight, "the source weights");
    double sum = 0.0;
    for (long long i = 0; i < s->source_count; ++i) {
        s->relative_weight[i] = 1.0;
        sum += s->sources[i].weight;
        if (s->sources[i].weight < 0.0 && !q->on[QUIRK_SOURCE_WEIGHTS])
            fail("source file '%s': weight %g of source %lld is negative", o->source_file, s->sources[i].weight, i + 1);
    }
    if (q->on[QUIRK_SOURCE_WEIGHTS] || o->source_file == NULL)
        return;
    if (!(sum > 0.0))
        fail("source file '%s': the weights add up to %g; at least one must be above 0", o->source_file, sum);
    for (long long i = 0; i < s->source_count; ++i)
        s->relative_weight[i] = s->sources[i].weight / (sum / (double)s->source_count);
}

/* Sensor layers (spec/04 section 4). */
static void resolve_layers(const struct options *o, const struct quirks *q, struct sampling *s, struct warnings *w)
{
    double thick = o->thick_m, layer;
    long long n = o->thick_layers;
    s->mu_per_m = o->mu_per_m;
    if (s->mu_per_m == 0.0 && !q->on[QUIRK_THICK_ABS_ORDER])
        thick = 0.0;
    if (n <= 0) {
        n = thick < 0.0 ? 1 : 2;
        thick = thick < 0.0 ? 0.0 : thick;
        layer = thick / 2.0;
    } else if (thick < 0.0) {
        thick = 0.5e-6;
        layer = thick / (double)n;
    } else if (!q->on[QUIRK_THICK_STEPS]) {
        layer = thick / (double)n;
    } else {
        n = n == 1 ? 2 : n;
        layer = thick / (double)(n - 1);
    }
    if (thick > 0.0 && s->mu_per_m < 0.0) {
        s->mu_per_m = 1.0 / thick;
        warn_later(w, "-detector_thick without -detector_abs: the attenuation depth is taken as the thickness");
    }
    bool none = thick <= 0.0 || layer <= 0.0;
    s->thick_m = none ? 0.0 : thick;
    s->layer_m = none ? 0.0 : layer;
    s->layers = none ? 1 : n;
}

/* Mosaic domains; the first one is the nominal orientation, but its numbers are drawn (spec/04 section 5). */
static void resolve_mosaic(const struct options *o, struct sampling *s, struct random_stream *stream,
                           struct warnings *w)
{
    s->mosaic_rad = o->mosaic_rad < 0.0 ? 0.0 : o->mosaic_rad;
    s->domains = o->mosaic_domains;
    if (s->domains > 0 && s->mosaic_rad == 0.0)
        warn_later(w, "-mosaic_domains has no effect without a mosaic spread: one domain");
    if (s->domains <= 0 && s->mosaic_rad > 0.0)
        warn_later(w, "-mosaic without -mosaic_domains: 10 domains");
    if (s->mosaic_rad == 0.0)
        s->domains = 1;
    else if (s->domains <= 0)
        s->domains = 10;
    values_check_count((double)s->domains * (double)s->phi.count, "phi steps times -mosaic_domains");
    s->domain = checked_alloc((size_t)s->domains, sizeof *s->domain, "the mosaic domains");
    for (long long i = 0; i < s->domains; ++i)
        s->domain[i] = random_rotation(stream, s->mosaic_rad);
    s->domain[0] = (mat3){1, 0, 0, 0, 1, 0, 0, 0, 1};
}

/* Sub-pixels a side (spec/03 section 7). */
static void resolve_oversample(const struct options *o, const struct geometry *g, const struct crystal *c,
                               struct sampling *s, struct warnings *w)
{
    double reciprocal_pixel = o->lambda_m * g->distance_m / g->pixel_m;
    double recommended = ceil(3.0 * crystal_longest_edge(c) / reciprocal_pixel);
    if (!(recommended > 0.0))
        recommended = 1.0;
    double sub = o->oversample > 0 ? (double)o->oversample : recommended;
    values_check_work(g, (double)s->source_count * (double)s->domains * (double)s->phi.count * sub * sub,
                      (double)s->layers, sub);
    s->oversample = o->oversample > 0 ? o->oversample : (long long)recommended;
    if ((double)s->oversample < recommended)
        warn_later(w, "-oversample %lld is less than the recommended %.0f", s->oversample, recommended);
}

/* Given: the lists, and the number of a phi step. Returned: its angle, rad. spec/04 section 1. */
double phi_of(const struct sampling *s, long long step)
{
    return s->phi0_rad + s->phi.step * (double)step;
}

/*
 * Given: options, quirks, detector, crystal, the stream that the domains are drawn from, and where warnings go.
 * Returned: all lists of the run, to be given to sampling_free. spec/04.
 */
struct sampling sampling_resolve(const struct options *o, const struct quirks *q, const struct geometry *g,
                                 const struct crystal *c, struct random_stream *mosaic, struct warnings *w)
{
    struct sampling s = {.phi0_rad = o->phi_rad};
    s.phi = resolve_phi(o->phi, q);
    resolve_layers(o, q, &s, w);
    if (o->source_file != NULL)
        s.sources = sources_read(o->source_file, g->beam, o->lambda_m, &s.source_count, w);
    else
        generate_sources(o, q, g, &s);
    weigh_sources(o, q, &s);
    resolve_mosaic(o, &s, mosaic, w);
    resolve_oversample(o, g, c, &s, w);
    s.steps = (double)s.source_count * (double)s.domains * (double)s.phi.count * (double)s.oversample *
              (double)s.oversample;
    return s;
}

/* Forgets the lists. Given: what sampling_resolve returned. */
void sampling_free(struct sampling *s)
{
    free(s->sources);
    free(s->relative_weight);
    free(s->domain);
}
