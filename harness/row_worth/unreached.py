"""Why no row of the suite reaches some branches of the C reference, function by function."""

from __future__ import annotations

from collections.abc import Mapping

REASONS: Mapping[str, tuple[str, ...]] = {
    "refuses or doubts what was typed or read; `test_refusals.py`, `tests/parity/test_value_rules.py` and "
    "`test_value_cases.py` type it": (
        "crystal.c find_volume", "crystal.c cut_sine", "crystal.c star_lengths", "crystal.c check_volume",
        "crystal.c check_cell", "geometry.c resolve_size", "geometry.c resolve_distance",
        "geometry.c warn_centres", "geometry.c checked_ratio", "messages.c format_line",
        "numbers.c sign_at", "numbers.c number_length", "numbers.c parse_real", "numbers.c parse_whole",
        "numbers.c is_number", "option_store.c store_parity_mode", "options.c fail_stray",
        "options.c fail_unknown", "options.c word_at", "options.c take_cell", "options.c take_special",
        "options.c take_values", "read_factors.c word_number", "read_factors.c read_reflection",
        "read_factors.c find_ranges", "read_factors.c allocate_box", "read_factors.c read_ranges",
        "read_factors.c dump_read", "read_tables.c matrix_read", "read_tables.c read_columns",
        "read_tables.c make_source", "read_tables.c warn_sources", "read_tables.c sources_read",
        "read_tables.c stol_check", "sampling.c count_of", "sampling.c check_shortest",
        "sampling.c generate_sources", "sampling.c weigh_sources", "setup.c resolve_fluence",
        "setup.c check_mask", "setup.c scene_resolve", "smv_header.c fail_value", "smv_header.c value_after",
        "smv_header.c header_bytes", "smv_header.c find_size", "smv_header.c check_storage",
        "smv_header.c smv_apply", "structure_factor.c factors_read", "text_files.c unmarked_utf16",
        "text_files.c foreign_encoding", "text_files.c warn_unfinished", "text_files.c text_read",
        "text_files.c is_separator", "text_files.c odd_number", "text_files.c has_mark",
        "text_files.c refuse_comment", "value_rules.c refuse", "value_rules.c values_check_typed",
        "value_rules.c values_check_fluence", "value_rules.c values_check_direction",
        "value_rules.c values_check_region", "value_rules.c values_check_printout",
        "value_rules.c values_check_geometry", "value_rules.c values_check_polarization",
        "value_rules.c values_check_edge", "value_rules.c values_check_count",
        "value_rules.c values_check_work", "value_rules.c values_check_memory", "value_table.c tiny_problem",
        "value_table.c range_problem", "value_table.c axis_problem",
    ),
    "full disks, other users' files, folders, links, pipes, signals, little memory, what dead runs left; "
    "`test_outputs.py` and `test_files.py` make them": (
        "files.c irregular", "files.c file_readable", "files.c read_all", "files.c file_read",
        "main.c finish_printing", "messages.c is_sensible", "messages.c checked_alloc",
        "messages.c checked_resize", "output_files.c drop_parts", "output_files.c end_by_signal",
        "output_files.c process_guard", "output_files.c reason_to_keep", "output_files.c reason_not_to_make",
        "output_files.c output_possible", "output_files.c output_check", "output_files.c give_up",
        "output_files.c reason_of", "output_files.c add_part", "output_files.c make_part",
        "output_files.c output_open", "output_files.c output_write", "output_files.c output_close",
        "output_files.c outputs_publish", "owner.c read_short", "owner.c host_tag", "owner.c alive",
        "owner.c started", "owner.c is_stale", "owner.c sweep_folder", "paths.c joined_path",
        "paths.c folder_of", "paths.c pointed_to", "paths.c resolved_path", "paths.c same_file",
        "paths.c require_apart", "paths.c require_free_targets", "structure_factor.c dump_is_read",
    ),
    "help, version and list of quirks; no run": (
        "main.c answer", "main.c main", "options.c options_help", "quirks.c quirks_list",
    ),
    "single quirks; `tests/parity/test_quirks_one_by_one.py` and `test_quirks.py` switch each": (
        "image.c run_source", "image.c start_loop", "option_store.c store_quirk", "quirks.c find_row",
        "quirks.c fail_unknown", "quirks.c quirk_choose", "quirks.c quirks_resolve",
    ),
    "levels, blocks, versions and refusals of traces, nan and inf in them; `test_traces.py` has them": (
        "main.c render", "option_store.c store_trace_roi", "option_store.c store_trace_level",
        "option_store.c store_trace_schema", "outputs.c planned_outputs", "setup.c check_traced",
        "setup.c resolve_traced", "trace.c trace_level_limit", "trace.c write_value", "trace.c is_wanted",
        "trace.c trace_words",
    ),
    "pixels beyond 4-byte floats, negative ones or none at all, of which no figure can be recorded; nb-fuzz "
    "draws them": (
        "outputs.c report_statistics", "outputs.c largest_finite", "outputs.c warn_odd_pixels",
        "outputs.c write_integer", "outputs.c write_preview", "outputs.c noise_pixel",
        "outputs.c usable_mean", "setup.c warn_empty",
    ),
    "keys of headers that touch the edge of the header, of a word or of each other, lines that end by a "
    "carriage return alone; nb-fuzz draws headers": (
        "smv_header.c whole_word", "smv_header.c key_word", "smv_header.c find_key",
        "smv_header.c find_spot", "smv_header.c take_beam", "geometry.c typed_beam",
        "text_files.c next_line",
    ),
    "decided by rounding to the last bit: 0/0 of a sphere, an angle of exactly 90 degrees, a vector without "
    "length": (
        "crystal.c angles_of", "random.c random_gaussian", "shape_round.c sphere_transform",
        "vec.c vec_rescale",
    ),
    "cannot be: what a check before it refuses, or ways that a variant of a loop, made by a macro, lacks": (
        "block.c ", "crystal.c crystal_resolve", "crystal.c direct_vectors", "options.c option_seen",
        "sampling.c resolve_spread", "sampling.c resolve_layers", "shapes.c shape_at",
    ),
    "a machine with its bytes the other way round": ("outputs.c header_text",),
    "progress lines, which no file holds": ("report.c report_progress",),
}  # fmt: skip
"""Functions as `Branch.place` names them; gcov gives no name to `block.c`'s, which a macro makes."""
_BY_PLACE = {place: reason for reason, places in REASONS.items() for place in places}


def why_unreached(place: str) -> str | None:
    """Return why no row reaches some branches of a function, None where nobody said."""
    return _BY_PLACE.get(place)
