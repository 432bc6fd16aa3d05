"""Stages as machine code, kept in a cache on disk.

A stage is exported once for each form of its arguments (which branches it takes, which axes have one entry)
and compiled into a shared library that any number of pixels, sources, orientations and reflections can use.
Loading one needs neither the exporter nor the compiler.
"""
