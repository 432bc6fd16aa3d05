"""What the compiler is told."""

from __future__ import annotations

from typing import Any

OPTIONS: dict[str, Any] = {
    "assert_indirect_indexing": False,
    "cpp.dynamic_threads": True,
    "aot_inductor.compile_wrapper_opt_level": "O0",
}
"""For all stages: no test of look-ups, which are clamped; as many threads as torch has when it runs."""
INNERMOST: dict[str, Any] = dict.fromkeys(
    ("realize_opcount_threshold", "realize_reads_threshold", "realize_acc_reads_threshold"), 1 << 20
)
"""For an innermost stage: nothing is kept for each evaluation."""
FUSING: dict[str, Any] = {"cpp.enable_floating_point_contract_flag": "fast"}
"""For a stage that fuses products and sums."""
ON_DEVICE: dict[str, Any] = {"aot_inductor.embed_kernel_binary": True}
"""For a CUDA device: a library is one file."""
CODE_OPTIONS = (OPTIONS, INNERMOST, FUSING, ON_DEVICE)
