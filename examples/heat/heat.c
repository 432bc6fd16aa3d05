/* Heat on a ring: u_i += r (u_(i+1) - 2 u_i + u_(i-1)), from one hot cell. Usage: heat CELLS STEPS */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "heat: give CELLS and STEPS\n");
        return 2;
    }
    int cells = atoi(argv[1]), steps = atoi(argv[2]);
    double *now = calloc(cells, sizeof *now), *next = calloc(cells, sizeof *next);
    now[cells / 2] = 1.0;
    for (int step = 0; step < steps; step++) {
        for (int i = 0; i < cells; i++) {
            double right = now[(i + 1) % cells], left = now[(i + cells - 1) % cells];
            next[i] = now[i] + 0.1 * (right - 2.0 * now[i] + left);
        }
        for (int i = 0; i < cells; i++)
            now[i] = next[i];
    }
    FILE *file = fopen("field.bin", "wb");
    if (!file || fwrite(now, sizeof *now, cells, file) != (size_t)cells || fclose(file))
        return 1;
    return 0;
}
