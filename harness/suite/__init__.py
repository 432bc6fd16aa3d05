"""The golden suite at work: cases run, recorded and held to their images."""
