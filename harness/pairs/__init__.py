"""A compared pair of programs: run, judged, written, and checked again."""
