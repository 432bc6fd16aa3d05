"""Faulty programs beside sound ones: run on many command lines, judged, counted and published."""
