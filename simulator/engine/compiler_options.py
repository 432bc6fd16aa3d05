"""What the compiler is told."""

from __future__ import annotations

from typing import Any

OPTIONS: dict[str, Any] = {"assert_indirect_indexing": False, "cpp.dynamic_threads": True}
"""For all stages: no test of look-ups, which are clamped; as many threads as torch has when it runs."""
INNERMOST: dict[str, Any] = dict.fromkeys(
    ("realize_opcount_threshold", "realize_reads_threshold", "realize_acc_reads_threshold"), 1 << 20
)
"""For an innermost stage: nothing is kept for each evaluation."""
FUSING: dict[str, Any] = {"cpp.enable_floating_point_contract_flag": "fast"}
"""For a stage that fuses products and sums."""
LIBRARY: dict[str, Any] = {
    "aot_inductor.compile_wrapper_opt_level": "O0",
    "aot_inductor.precompile_headers": False,
    "aot_inductor.enable_line_tables": False,
    "aot_inductor.enable_frame_pointer": False,
}
"""For a library: what is called once a block costs no time of the compiler. Compiled headers would take
longer to make than they save for three stages, and 280 MB of the temporary directory."""
TRUSTING: dict[str, Any] = {"cpp.vec_isa_ok": True}
"""Tried first: that the C++ compiler has the vector unit of the processor, which takes 6 s to find out."""
CODE_OPTIONS = (OPTIONS, INNERMOST, FUSING, LIBRARY)
