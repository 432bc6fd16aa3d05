"""The seeded faults: what is wrong, where it strikes, and what is put into either program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.faults import py_faults as wrong
from harness.faults.c_seams import CConstant, CFunction, CSeam
from harness.faults.python_seams import PySeam

CRYSTAL = "-cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 8 -pixel 0.4 -N 5"
PLAIN = f"{CRYSTAL} -default_F 100 -oversample 1"
TURNING = f"{PLAIN} -osc 2 -phi 1 -phisteps 3"
RAYS = "simulator.kernel.rays"
OMEGA = wrong.KeptOmega()


@dataclass(frozen=True)
class SeededFault:
    """One fault: what is wrong, the taps at which it strikes, and a command line that shows it.

    `{hkl}` in `args` stands for a list of structure factors that are all different; `c` and `py` are put into
    the C reference and the simulator.
    """

    id: str
    what: str
    taps: tuple[str, ...]
    args: str
    pixel: tuple[int, int]
    c: tuple[CSeam, ...]
    py: tuple[PySeam, ...]


def _vectors(stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}_{axis}_angstroms" for axis in "abc")


FAULTS: tuple[SeededFault, ...] = (
    SeededFault(
        "polarization-dropped",
        "polarization factor 1 everywhere",
        ("polar",),
        PLAIN,
        (6, 2),
        (CFunction("kahn_factor", "sound(kahn, incident, diffracted, axis); return 1.0;"),),
        (PySeam("simulator.physics.polarization", "kahn_factor", wrong.without_polarization),),
    ),
    SeededFault(
        "spindle-sign",
        "crystal turned the wrong way",
        _vectors("rot"),
        TURNING,
        (3, 4),
        (
            CFunction(
                "orientations_make",
                "struct scene other = *scene; other.g.spindle = vec_scale(scene->g.spindle, -1.0);"
                " return sound(&other);",
            ),
        ),
        (PySeam("simulator.scene.scene", "Scene.orientations", wrong.turned_back),),
    ),
    SeededFault(
        "obliquity-dropped",
        "solid angle without the obliquity",
        ("omega_pixel_sr",),
        PLAIN,
        (6, 2),
        (CFunction("solid_angle", "return sound(scene, R_m) / (scene->g.close_distance_m / R_m);"),),
        (PySeam("simulator.physics.solid_angle", "solid_angle_sr", wrong.without_obliquity),),
    ),
    SeededFault(
        "pixel-corner",
        "corner of the sub-pixel in place of its centre",
        ("Fdet_meters", "Sdet_meters"),
        PLAIN,
        (3, 4),
        (
            CFunction(
                "run_subpixel",
                "double half_m = loop->scene->g.pixel_m / (double)loop->scene->s.oversample / 2.0;"
                " sound(loop, p, layer, f_m - half_m, s_m - half_m);",
            ),
        ),
        (PySeam(RAYS, "_position", wrong.at_corner),),
    ),
    SeededFault(
        "electron-radius",
        "r_e^2 five per cent too large",
        ("r_e_sqr",),
        PLAIN,
        (3, 4),
        (CConstant("R_E_SQR", "8.33783210419913e-30"),),
        (PySeam("simulator.units", "R_E_SQR_M2", wrong.five_per_cent_more),),
    ),
    SeededFault(
        "phi-step-skipped",
        "the second phi step is left out",
        _vectors("rot"),
        TURNING,
        (3, 4),
        (
            CFunction(
                "orientations_make",
                "struct orientations turn = sound(scene);"
                " for (int j = 2; j < (int)turn.steps; ++j) {"
                " turn.first[j - 1] = turn.first[j]; turn.later[j - 1] = turn.later[j]; }"
                " turn.steps -= 1; return turn;",
            ),
        ),
        (PySeam("simulator.kernel.blocks", "chunks", wrong.without_second_step),),
    ),
    SeededFault(
        "neighbour-factor",
        "structure factor of the next reflection along l",
        ("F_cell",),
        f"{CRYSTAL} -hkl {{hkl}} -nointerpolate -oversample 1",
        (3, 4),
        (
            CFunction(
                "factor_nearest",
                "vec3 next = *rounded; next.z += next.z < (double)t->l_max ? 1.0 : 0.0;"
                " return sound(t, &next);",
            ),
        ),
        (PySeam("simulator.physics.structure_factors", "nearest_F", wrong.next_along_l),),
    ),
    SeededFault(
        "mosaic-transposed",
        "mosaic rotations transposed",
        _vectors("mos"),
        f"{PLAIN} -mosaic 2 -mosaic_domains 3",
        (3, 4),
        (
            CFunction(
                "mat_apply",
                "const mat3 back = {m->xx, m->yx, m->zx, m->xy, m->yy, m->zy, m->xz, m->yz, m->zz};"
                " return sound(&back, v);",
            ),
        ),
        (PySeam("simulator.physics.rotations", "turn", wrong.transposed),),
    ),
    SeededFault(
        "source-sign",
        "beam from the wrong side",
        ("incident_vec",),
        PLAIN,
        (3, 4),
        (
            CFunction(
                "run_source",
                "struct source *source = &loop->scene->s.sources[n]; const vec3 to = source->to;"
                " source->to = vec_scale(to, -1.0); sound(loop, p, n, diffracted); source->to = to;",
            ),
        ),
        (PySeam("simulator.scene.setting_up", "set_up", wrong.from_wrong_side),),
    ),
    SeededFault(
        "unit-slip",
        "scattering vector in 1/Angstrom",
        ("scattering_vec_m_inv",),
        PLAIN,
        (3, 4),
        (
            CFunction(
                "tap_source", "sound(t, n, source, incident, vec_scale(q, 1e-10), stol * 1e-10, skipped);"
            ),
            CFunction(
                "run_block",
                "struct beamlet other = *b; other.q_per_m = vec_scale(b->q_per_m, 1e-10);"
                " sound(loop, p, &other);",
            ),
        ),
        (PySeam(RAYS, "_scattering", wrong.in_per_angstrom),),
    ),
    SeededFault(
        "stale-omega",
        "solid angle of the first sub-pixel kept",
        ("omega_pixel_sr",),
        f"{CRYSTAL} -default_F 100 -oversample 2 -oversample_omega",
        (6, 2),
        (
            CFunction(
                "refresh_sample_factors",
                "struct options kept = *scene->o; kept.oversample_omega = false; struct scene other = *scene;"
                " other.o = &kept; sound(&other, p, layer, R_m, diffracted);",
            ),
        ),
        (
            PySeam(RAYS, "trace_rays", OMEGA.rays),
            PySeam(RAYS, "solid_angle_sr", OMEGA.omega),
        ),
    ),
    SeededFault(
        "ties-rounded-up",
        "exact halves rounded up in place of down",
        ("hkl_rounded",),
        "-cell 100 100 7.5 90 90 90 -lambda 1 -distance 80 -detpixels 1 -pixel 120 -Ybeam -60 -Xbeam 0"
        " -Na 1 -Nb 5 -Nc 5 -default_F 100 -oversample 1",
        (0, 0),
        (CFunction("round_half_down", "return floor(x + 0.5);"),),
        (PySeam("simulator.kernel.evaluation", "nearest_whole", wrong.halves_up),),
    ),
)
BY_ID: Mapping[str, SeededFault] = {fault.id: fault for fault in FAULTS}
