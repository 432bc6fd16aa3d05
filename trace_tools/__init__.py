"""Reading, aligning and judging the traces of two nanoBragg programs."""
