"""Results of any two programs as arrays of numbers: read from several formats, compared block by block."""
