"""The seeded faults as data."""

from __future__ import annotations

from dataclasses import dataclass

Substitution = tuple[str, str, str]
"""File below the sources, the text that stands there once, and what to put in its place."""

CRYSTAL = "-cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 8 -pixel 0.4 -N 5"
PLAIN = f"{CRYSTAL} -default_F 100 -oversample 1"
TURNING = f"{PLAIN} -osc 2 -phi 1 -phisteps 3"


@dataclass(frozen=True)
class Fault:
    """One fault: what is wrong, the taps at which it strikes, and a command line that shows it.

    `{hkl}` in `args` stands for a list of structure factors that are all different.
    """

    id: str
    what: str
    taps: tuple[str, ...]
    args: str
    pixel: tuple[int, int]
    c: tuple[Substitution, ...]
    py: tuple[Substitution, ...]


def _vectors(stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}_{axis}_angstroms" for axis in "abc")


FAULTS: tuple[Fault, ...] = (
    Fault(
        "polarization-dropped", "polarization factor 1 everywhere", ("polar",), PLAIN, (6, 2),
        (("pixel_factors.c", "    p->have_polar = true;\n",
          "    p->have_polar = true;\n    p->cached.polar = 1.0;\n"),),
        (("physics/polarization.py", "return 0.5 * (1.0 + cos_sqr)", "return 0.0 * cos_sqr + 1.0"),),
    ),
    Fault(
        "spindle-sign", "crystal turned the wrong way", _vectors("rot"), TURNING, (3, 4),
        (("orientations.c", "double phi = phi_of(&scene->s, j);", "double phi = -phi_of(&scene->s, j);"),),
        (("scene/scene.py", "spindle = vec(self.lattice.spindle)", "spindle = vec(-self.lattice.spindle)"),),
    ),
    Fault(
        "obliquity-dropped", "solid angle without the obliquity", ("omega_pixel_sr",), PLAIN, (6, 2),
        (("pixel_factors.c", "/ R_m / R_m * g->close_distance_m / R_m;", "/ R_m / R_m;"),),
        (("physics/solid_angle.py", "else per_distance * close_m / R_m", "else per_distance"),),
    ),
    Fault(
        "pixel-corner", "corner of the sub-pixel in place of its centre", ("Fdet_meters", "Sdet_meters"),
        PLAIN, (3, 4),
        (("image.c", "(fast * O + j) + sub / 2.0", "(fast * O + j)"),
         ("image.c", "(slow * O + i) + sub / 2.0", "(slow * O + i)")),
        (("kernel/rays.py", "sub_fast).to(torch.float64) + sub / 2.0", "sub_fast).to(torch.float64)"),
         ("kernel/rays.py", "sub_slow).to(torch.float64) + sub / 2.0", "sub_slow).to(torch.float64)")),
    ),
    Fault(
        "electron-radius", "r_e^2 five per cent too large", ("r_e_sqr",), PLAIN, (3, 4),
        (("constants.h", "7.94079248018965e-30", "8.33783210419913e-30"),),
        (("units.py", "7.94079248018965e-30", "8.33783210419913e-30"),),
    ),
    Fault(
        "phi-step-skipped", "the second phi step is left out", ("rot_a_angstroms",), TURNING, (3, 4),
        (("block.c", "j < scene->turn.steps; ++j) {", "j < scene->turn.steps; j += j == 0 ? 2 : 1) {"),),
        (("kernel/blocks.py", "    p = min(P, room // M) if m == M else 1\n", "    p = 1\n"),
         ("kernel/blocks.py", "p0 in range(0, P, p):", "p0 in (n for n in range(0, P, p) if n != 1):")),
    ),
    Fault(
        "neighbour-factor", "structure factor of the next reflection along l", ("F_cell",),
        f"{CRYSTAL} -hkl {{hkl}} -nointerpolate -oversample 1", (3, 4),
        (("structure_factor.c", "(long long)rounded->z)]",
          "(long long)rounded->z + (rounded->z < (double)t->l_max))]"),),
        (("physics/structure_factors.py", "take(table.values, (h * stride_h).add_(k * stride_k).add_(l)",
          "take(table.values, (h * stride_h).add_(k * stride_k)"
          ".add_((l + 1).clamp(max=table.upper[2]))"),),
    ),
    Fault(
        "mosaic-transposed", "mosaic rotations transposed", _vectors("mos"),
        f"{PLAIN} -mosaic 2 -mosaic_domains 3", (3, 4),
        (("block.c", "const mat3 *u = &scene->s.domain[m];",
          "const mat3 d = scene->s.domain[m];\n"
          "            const mat3 back = {d.xx, d.yx, d.zx, d.xy, d.yy, d.zy, d.xz, d.yz, d.zz};\n"
          "            const mat3 *u = &back;"),),
        (("scene/scene.py", "turn(self.umats, v)", "turn(self.umats.transpose(1, 2), v)"),),
    ),
    Fault(
        "source-sign", "beam from the wrong side", ("incident_vec",), PLAIN, (3, 4),
        (("image.c", "vec(-source->to.x, -source->to.y, -source->to.z)",
          "vec(source->to.x, source->to.y, source->to.z)"),),
        (("scene/setting_up.py", "incident=negative(apply(_per_source, vec(scene.sources.direction))),",
          "incident=apply(_per_source, vec(scene.sources.direction)),"),
         ("scene/setting_up.py", "from simulator.physics.vectors import apply, moves, negative, vec",
          "from simulator.physics.vectors import apply, moves, vec")),
    ),
    Fault(
        "unit-slip", "scattering vector in 1/Angstrom", ("scattering_vec_m_inv",), PLAIN, (3, 4),
        (("image.c", "    double stol = 0.5 * vec_length(q);",
          "    q = vec_scale(q, 1e-10);\n    double stol = 0.5 * vec_length(q);"),),
        (("kernel/rays.py", "((d - i) / ins.wavelength_m for", "((d - i) / ins.wavelength_m * 1e-10 for"),),
    ),
    Fault(
        "stale-omega", "solid angle of the first sub-pixel kept", ("omega_pixel_sr",),
        f"{CRYSTAL} -default_F 100 -oversample 2 -oversample_omega", (6, 2),
        (("pixel_factors.c", "p->cached.omega_sr == 0.0 || scene->o->oversample_omega",
          "p->cached.omega_sr == 0.0"),),
        (("kernel/rays.py", "cached.omega if cached is not None and not ins.policy.omega.each else None",
          "cached.omega if cached is not None else None"),),
    ),
    Fault(
        "ties-rounded-up", "exact halves rounded up in place of down", ("hkl_rounded",),
        "-cell 100 100 7.5 90 90 90 -lambda 1 -distance 80 -detpixels 1 -pixel 120 -Ybeam -60 -Xbeam 0"
        " -Na 1 -Nb 5 -Nc 5 -default_F 100 -oversample 1", (0, 0),
        (("physics.h", "return ceil(x - 0.5);", "return floor(x + 0.5);"),),
        (("kernel/evaluation.py", "(index.detach() - 0.5).ceil_()", "(index + 0.5).floor()"),),
    ),
)  # fmt: skip
