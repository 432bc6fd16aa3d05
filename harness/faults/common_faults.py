"""Faults that either program can have: each tells whether the tools see it in the one, the other, or in both."""

from __future__ import annotations

from harness.faults import py_faults as wrong
from harness.faults.c_seams import CConstant, CFunction
from harness.faults.fault import DOMAINS, TURNED, SeededFault
from harness.faults.python_seams import PySeam

RAYS = "simulator.kernel.rays"
OMEGA = wrong.KeptOmega()

COMMON_FAULTS: tuple[SeededFault, ...] = (
    SeededFault(
        "polarization-dropped",
        "polarization factor 1 everywhere",
        "plain",
        ("polar",),
        c=(CFunction("kahn_factor", "sound(kahn, incident, diffracted, axis); return 1.0;"),),
        py=(PySeam("simulator.physics.polarization", "kahn_factor", wrong.without_polarization),),
    ),
    SeededFault(
        "spindle-sign",
        "crystal turned the wrong way",
        "turning",
        TURNED,
        c=(
            CFunction(
                "orientations_make",
                "struct scene other = *scene; other.g.spindle = vec_scale(scene->g.spindle, -1.0);"
                " return sound(&other);",
            ),
        ),
        py=(PySeam("simulator.scene.scene", "Scene.orientations", wrong.turned_back),),
    ),
    SeededFault(
        "obliquity-dropped",
        "solid angle without the obliquity",
        "plain",
        ("omega_pixel_sr",),
        c=(CFunction("solid_angle", "return sound(scene, R_m) / (scene->g.close_distance_m / R_m);"),),
        py=(PySeam("simulator.physics.solid_angle", "solid_angle_sr", wrong.without_obliquity),),
    ),
    SeededFault(
        "pixel-corner",
        "corner of the sub-pixel in place of its centre",
        "plain",
        ("Fdet_meters", "Sdet_meters"),
        c=(
            CFunction(
                "run_subpixel",
                "double half_m = loop->scene->g.pixel_m / (double)loop->scene->s.oversample / 2.0;"
                " sound(loop, p, layer, f_m - half_m, s_m - half_m);",
            ),
        ),
        py=(PySeam(RAYS, "_position", wrong.at_corner),),
    ),
    SeededFault(
        "electron-radius",
        "r_e^2 five per cent too large",
        "plain",
        ("r_e_sqr",),
        c=(CConstant("R_E_SQR", "8.33783210419913e-30"),),
        py=(PySeam("simulator.units", "R_E_SQR_M2", wrong.five_per_cent_more),),
    ),
    SeededFault(
        "phi-step-skipped",
        "the second phi step is left out",
        "turning",
        TURNED,
        c=(
            CFunction(
                "orientations_make",
                "struct orientations turn = sound(scene);"
                " for (int j = 2; j < (int)turn.steps; ++j) {"
                " turn.first[j - 1] = turn.first[j]; turn.later[j - 1] = turn.later[j]; }"
                " turn.steps -= 1; return turn;",
            ),
        ),
        py=(PySeam("simulator.kernel.blocks", "chunks", wrong.without_second_step),),
    ),
    SeededFault(
        "neighbour-factor",
        "structure factor of the next reflection along l",
        "reflections",
        ("F_cell",),
        c=(
            CFunction(
                "factor_nearest",
                "vec3 next = *rounded; next.z += next.z < (double)t->l_max ? 1.0 : 0.0;"
                " return sound(t, &next);",
            ),
        ),
        py=(PySeam("simulator.physics.structure_factors", "nearest_F", wrong.next_along_l),),
    ),
    SeededFault(
        "mosaic-transposed",
        "mosaic rotations transposed",
        "domains",
        DOMAINS,
        c=(
            CFunction(
                "mat_apply",
                "const mat3 back = {m->xx, m->yx, m->zx, m->xy, m->yy, m->zy, m->xz, m->yz, m->zz};"
                " return sound(&back, v);",
            ),
        ),
        py=(PySeam("simulator.physics.vectors", "turn", wrong.transposed),),
    ),
    SeededFault(
        "source-sign",
        "beam from the wrong side",
        "plain",
        ("incident_vec",),
        c=(
            CFunction(
                "run_source",
                "struct source *source = &loop->scene->s.sources[n]; const vec3 to = source->to;"
                " source->to = vec_scale(to, -1.0); sound(loop, p, n, diffracted); source->to = to;",
            ),
        ),
        py=(PySeam("simulator.scene.setting_up", "set_up", wrong.from_wrong_side),),
    ),
    SeededFault(
        "unit-slip",
        "scattering vector in 1/Angstrom",
        "plain",
        ("scattering_vec_m_inv",),
        c=(
            CFunction(
                "tap_source", "sound(t, n, source, incident, vec_scale(q, 1e-10), stol * 1e-10, skipped);"
            ),
            CFunction(
                "run_block",
                "struct beamlet other = *b; other.q_per_m = vec_scale(b->q_per_m, 1e-10);"
                " sound(loop, p, &other);",
            ),
        ),
        py=(PySeam(RAYS, "_scattering", wrong.in_per_angstrom),),
    ),
    SeededFault(
        "stale-omega",
        "solid angle of the first sub-pixel kept",
        "sub-pixels",
        ("omega_pixel_sr",),
        c=(
            CFunction(
                "refresh_sample_factors",
                "struct options kept = *scene->o; kept.oversample_omega = false; struct scene other = *scene;"
                " other.o = &kept; sound(&other, p, layer, R_m, diffracted);",
            ),
        ),
        py=(
            PySeam(RAYS, "trace_rays", OMEGA.rays),
            PySeam(RAYS, "solid_angle_sr", OMEGA.omega),
        ),
    ),
    SeededFault(
        "ties-rounded-up",
        "exact halves rounded up in place of down",
        "on-lattice-points",
        ("hkl_rounded",),
        c=(CFunction("round_half_down", "return floor(x + 0.5);"),),
        py=(PySeam("simulator.kernel.evaluation", "nearest_whole", wrong.halves_up),),
    ),
)
