"""Builds the C reference, runs it and the PyTorch simulator on one command line, and judges the images."""
