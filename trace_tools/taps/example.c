/* A small cooling rod, traced: cc example.c -o example -lm && TAPS_FILE=c.log ./example */
#include "taps.h"

int main(void)
{
    double rod[5] = {400.0, 300.0, 300.0, 300.0, 350.0}, next[5];
    const double alpha = 0.1;

    TAPS_START("rod-c", "1.0");
    TAP_REAL("alpha", "", alpha);
    TAP_INT("cells", "", 5);
    TAP_WORD("scheme", "forward euler");
    for (int step = 0; step < 3; step++) {
        TAP_INDEX("step", step);
        for (int cell = 0; cell < 5; cell++) {
            TAP_INDEX("cell", cell);
            int inside = cell > 0 && cell < 4;
            double flux = inside ? rod[cell - 1] - 2.0 * rod[cell] + rod[cell + 1] : 0.0;
            TAP_BOOL("inside", inside);
            TAP_REAL("flux", "K", flux);
            next[cell] = rod[cell] + alpha * flux;
            TAP_REAL("temperature", "K", next[cell]);
        }
        TAP_LEAVE("cell");
        for (int cell = 0; cell < 5; cell++) rod[cell] = next[cell];
        TAP_REALS("rod", "K", rod, 5);
    }
    TAP_LEAVE("step");
    TAP_COMPLEX("mode", "K", rod[1], rod[2]);
    return 0;
}
