"""The one place where the physics is composed, block by block; its taps."""
