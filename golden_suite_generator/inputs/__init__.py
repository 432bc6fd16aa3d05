"""The input files of the suite, made by code: every byte follows from a seed."""
