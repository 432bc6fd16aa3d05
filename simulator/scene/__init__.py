"""What is fixed before the first pixel: quantities of the run, as tensors on its device."""
