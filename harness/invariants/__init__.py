"""Exact relations that the images of one program keep: stated as data, run, judged and written."""
