/* Constants of spec/00. */
#ifndef NB_CONSTANTS_H
#define NB_CONSTANTS_H

#define PI 3.14159265358979323846
#define DEGREES_PER_RADIAN 57.295779513082323 /* 180 times the double nearest to 1/pi */
#define DEFAULT_FLUENCE 125932015286227086360700780544.0 /* photons/m^2 */
#define AVOGADRO 6.02214179e23                /* 1/mol */
#define WATER_F 2.57                          /* electrons */
#define WATER_WEIGHT 18.0                     /* g/mol */
#define WATER_DENSITY 1e6                     /* g/m^3 */
#define SMALLEST 2.2250738585072014e-308      /* stands for a zero that is divided by */

static const double R_E_SQR = 7.94079248018965e-30; /* m^2, squared classical electron radius */

#endif
