"""Taps for programs of any kind: a header for C and C++, modules for Fortran and Python, to be copied."""
