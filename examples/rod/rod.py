"""The rod of rod.c in torch. Usage: rod.py CELLS STEPS."""

import sys

import taps
import torch

torch.set_default_dtype(torch.float64)
LENGTH, STEP_S, HEAT_CAPACITY = 0.01, 0.2, 3.5e6
AIR_K, HEATER_K, GLOWS_K = 293.0, 1200.0, 700.0
TO_AIR, EMISSIVITY, STEFAN = 12.0, 0.8, 5.670374419e-8
AT_K = torch.tensor([200.0, 400.0, 600.0, 800.0, 1000.0, 1300.0])
CONDUCTS = torch.tensor([401.0, 393.0, 379.0, 366.0, 352.0, 330.0])


def conductivity(kelvin: torch.Tensor) -> torch.Tensor:
    """Return the conductivity [n], W/m/K, from the table."""
    knot = (torch.searchsorted(AT_K, kelvin, right=True) - 1).clamp(0, 4)
    part = (kelvin - AT_K[knot]) / (AT_K[knot + 1] - AT_K[knot])
    return CONDUCTS[knot] + part * (CONDUCTS[knot + 1] - CONDUCTS[knot])


def main(cells: int, steps: int) -> None:
    """Heat a rod and write its temperatures and its energy."""
    taps.start("rod-torch", "1.0")
    rod = torch.full((cells,), AIR_K)
    rod[0] = HEATER_K
    for _ in taps.over("step", range(steps)):
        face = taps.tap("face", 0.5 * (rod[:-1] + rod[1:]), "K")
        conducts = taps.tap("conductivity", conductivity(face), "W/m/K")
        flux = taps.tap("flux", conducts * (rod[:-1] - rod[1:]) / LENGTH, "W/m2")
        glows = taps.tap("glows", (rod > GLOWS_K).int())
        radiated = EMISSIVITY * STEFAN * (rod**4 - AIR_K**4)
        loss = taps.tap("loss", torch.where(glows.bool(), radiated, TO_AIR * (rod - AIR_K)), "W/m2")
        none = torch.zeros(1)
        gain = torch.cat([none, flux]) - torch.cat([flux, none]) - loss
        gain[0] = 0.0
        rod = taps.tap("rod", rod + STEP_S / (HEAT_CAPACITY * LENGTH) * gain, "K")
    energy = taps.tap("energy", (HEAT_CAPACITY * LENGTH * rod).sum(), "J/m2")
    torch.cat([rod, energy[None]]).numpy().tofile("field.bin")


main(int(sys.argv[1]), int(sys.argv[2]))
