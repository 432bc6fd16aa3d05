"""What variants of a described program show: floors of its outputs and taps, and drafts of its tap graph."""
