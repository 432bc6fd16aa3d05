"""Slopes of an image, block by block, made of the stages of the kernel."""
