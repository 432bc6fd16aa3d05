/* The classical generators of spec/07. Every 4-byte float item is a float variable here: rounding is part of it. */
#include "random.h"

#include <float.h>
#include <math.h>

#include "constants.h"

enum { TABLE_SIZE = 32, WARM_UP = 8 };
static const int64_t MULTIPLIER = 16807, MODULUS = 2147483647, DIVISOR = 67108864;
static const double LARGEST_UNIFORM = 1.0 - 1.2e-7;

_Static_assert(FLT_EVAL_METHOD == 0, "floats and doubles must be rounded to their own size: -msse2 -mfpmath=sse");

/* One generator step; the product fits 64 bits. */
static int64_t step(int64_t state)
{
    return MULTIPLIER * state % MODULUS;
}

/* Makes the seed positive, warms up and fills the table from its end. */
static void restart(struct random_stream *r)
{
    struct shuffle *box = r->shuffle;
    r->state = -r->state >= 1 ? -r->state : 1;
    for (int i = 0; i < WARM_UP; ++i)
        r->state = step(r->state);
    for (int i = TABLE_SIZE - 1; i >= 0; --i) {
        r->state = step(r->state);
        box->table[i] = r->state;
    }
    box->last = box->table[0];
}

/* Given: a stream; a negative or zero state restarts its table. Returned: a uniform deviate in 0 .. 1-1.2e-7. */
float random_uniform(struct random_stream *r)
{
    struct shuffle *box = r->shuffle;
    if (r->state <= 0 || box->last == 0)
        restart(r);
    r->state = step(r->state);
    int64_t slot = box->last / DIVISOR;
    box->last = box->table[slot];
    box->table[slot] = r->state;
    float u = (float)((1.0 / (double)MODULUS) * (double)box->last);
    return (double)u > LARGEST_UNIFORM ? (float)LARGEST_UNIFORM : u;
}

/*
 * Given: a stream. Returned: a Gaussian deviate of unit width; of each pair the second value comes first, the other is
 * kept.
 */
float random_gaussian(struct random_stream *r)
{
    struct shuffle *box = r->shuffle;
    if (box->have_spare) {
        box->have_spare = false;
        return box->spare;
    }
    float v1, v2, square;
    do {
        v1 = (float)(2.0 * (double)random_uniform(r) - 1.0);
        v2 = (float)(2.0 * (double)random_uniform(r) - 1.0);
        square = v1 * v1 + v2 * v2;
    } while (square >= 1.0f || square == 0.0f);
    float g = (float)sqrt(-2.0 * log((double)square) / (double)square);
    box->spare = v1 * g;
    box->have_spare = true;
    return v2 * g;
}

/* Natural logarithm of the gamma function, 4-byte argument and result. */
static float log_gamma(float argument)
{
    static const double C[6] = {76.18009172947146,  -86.50532032941677,    24.01409824083091,
                                -1.231739572450155, 0.1208650973866179e-2, -0.5395239384953e-5};
    double x = (double)argument, series = 1.000000000190015;
    for (int n = 0; n < 6; ++n)
        series += C[n] / (x + (double)(n + 1));
    double tail = (x + 5.5) - (x + 0.5) * log(x + 5.5);
    return (float)(-tail + log(2.5066282746310005 * series / x));
}

/* Means below 12: products of uniform deviates until they fall to exp(-mean). */
static float poisson_by_product(struct random_stream *r, float mean)
{
    float limit = (float)exp(-(double)mean), product = 1.0f, count = -1.0f;
    do {
        count += 1.0f;
        product *= random_uniform(r);
    } while (product > limit);
    return count;
}

/* Means from 12 to 1e6: rejection from a Lorentzian. */
static float poisson_by_rejection(struct random_stream *r, float mean)
{
    float width = (float)sqrt(2.0 * (double)mean), log_mean = (float)log((double)mean);
    float peak = mean * log_mean - log_gamma((float)((double)mean + 1.0));
    float y, count, ratio;
    do {
        do {
            y = (float)tan(PI * (double)random_uniform(r));
            count = width * y + mean;
        } while (count < 0.0f);
        count = (float)floor((double)count);
        float exponent = count * log_mean - log_gamma((float)((double)count + 1.0)) - peak;
        float square = y * y;
        ratio = (float)(0.9 * (1.0 + (double)square) * exp((double)exponent));
    } while (random_uniform(r) > ratio);
    return count;
}

/*
 * Given: a stream, and the mean. Returned: a Poisson deviate; above a mean of 1e6 a Gaussian one, which need not be
 * whole.
 */
float random_poisson(struct random_stream *r, float mean)
{
    if (mean < 12.0f)
        return poisson_by_product(r, mean);
    if ((double)mean > 1.0e6)
        return (float)((double)mean + sqrt((double)mean) * (double)random_gaussian(r));
    return poisson_by_rejection(r, mean);
}

/*
 * Given: a stream, of which three uniform deviates are drawn, and the spread (rad). Returned: a rotation by at most
 * spread about a random axis.
 */
mat3 random_rotation(struct random_stream *r, double spread)
{
    double r1 = 2.0 * (double)random_uniform(r) - 1.0;
    double r2 = 2.0 * (double)random_uniform(r) - 1.0;
    double r3 = 2.0 * (double)random_uniform(r) - 1.0;
    double w = sqrt(1.0 - r2 * r2);
    double x = w * sin(PI * r1), y = w * cos(PI * r1), z = r2;
    float angle = (float)spread * powf((float)(1.0 - r3 * r3), (float)(1.0 / 3.0));
    double c = cos((double)angle), n = sin((double)angle), e = 1.0 - c;
    return (mat3){c + e * (x * x), e * x * y - n * z, e * x * z + n * y,
                  e * x * y + n * z, c + e * (y * y), e * y * z - n * x,
                  e * x * z - n * y, e * y * z + n * x, c + e * (z * z)};
}
