/* A rod that is heated at one end, step by step. Usage: rod CELLS STEPS
 *
 * Heat flows between neighbouring cells, with a conductivity from a table; a cell hotter than GLOWS radiates, the others
 * lose heat to the air; the energy of the rod is summed. Writes field.bin: a temperature for each cell, K, then the energy, J/m2. */
#include "taps.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 256
static const double LENGTH = 0.01, STEP_S = 0.2, HEAT_CAPACITY = 3.5e6; /* m of a cell, s, J/m3/K */
static const double AIR_K = 293.0, HEATER_K = 1200.0, GLOWS_K = 700.0;
static const double TO_AIR = 12.0, EMISSIVITY = 0.8, STEFAN = 5.670374419e-8; /* W/m2/K, 1, W/m2/K4 */
static const double AT_K[] = {200.0, 400.0, 600.0, 800.0, 1000.0, 1300.0};
static const double CONDUCTS[] = {401.0, 393.0, 379.0, 366.0, 352.0, 330.0}; /* W/m/K */

static double conductivity(double kelvin)
{
    int knot = 0;
    while (knot < 4 && kelvin >= AT_K[knot + 1]) knot++;
    double part = (kelvin - AT_K[knot]) / (AT_K[knot + 1] - AT_K[knot]);
    return CONDUCTS[knot] + part * (CONDUCTS[knot + 1] - CONDUCTS[knot]);
}

static double loss(double kelvin, int glows)
{
    return glows ? EMISSIVITY * STEFAN * (pow(kelvin, 4) - pow(AIR_K, 4)) : TO_AIR * (kelvin - AIR_K);
}

int main(int argc, char **argv)
{
    int cells = argc == 3 ? atoi(argv[1]) : 0, steps = argc == 3 ? atoi(argv[2]) : 0;
    if (cells < 2 || cells > MOST || steps < 1) {
        fprintf(stderr, "rod: give CELLS, 2 to %d, and STEPS, 1 or more\n", MOST);
        return 2;
    }
    double rod[MOST], face[MOST], flux[MOST], lost[MOST], energy = 0.0;
    int glows[MOST];
    TAPS_START("rod-c", "1.0");
    for (int i = 0; i < cells; i++) rod[i] = AIR_K;
    rod[0] = HEATER_K;
    for (int step = 0; step < steps; step++) {
        TAP_INDEX("step", step);
        for (int i = 0; i < cells - 1; i++) face[i] = 0.5 * (rod[i] + rod[i + 1]);
        TAP_REALS("face", "K", face, cells - 1);
        for (int i = 0; i < cells - 1; i++) face[i] = conductivity(face[i]);
        TAP_REALS("conductivity", "W/m/K", face, cells - 1);
        for (int i = 0; i < cells - 1; i++) flux[i] = face[i] * (rod[i] - rod[i + 1]) / LENGTH;
        TAP_REALS("flux", "W/m2", flux, cells - 1);
        for (int i = 0; i < cells; i++) glows[i] = rod[i] > GLOWS_K;
        TAP_INTS("glows", "", glows, cells);
        for (int i = 0; i < cells; i++) lost[i] = loss(rod[i], glows[i]);
        TAP_REALS("loss", "W/m2", lost, cells);
        for (int i = 1; i < cells; i++) { /* the heater keeps its temperature */
            double gain = flux[i - 1] - (i < cells - 1 ? flux[i] : 0.0) - lost[i];
            rod[i] += STEP_S / (HEAT_CAPACITY * LENGTH) * gain;
        }
        TAP_REALS("rod", "K", rod, cells);
    }
    TAP_LEAVE("step");
    for (int i = 0; i < cells; i++) energy += HEAT_CAPACITY * LENGTH * rod[i];
    TAP_REAL("energy", "J/m2", energy);
    FILE *file = fopen("field.bin", "wb");
    if (!file || fwrite(rod, sizeof *rod, cells, file) != (size_t)cells || fwrite(&energy, sizeof energy, 1, file) != 1)
        return 1;
    return fclose(file) ? 1 : 0;
}
