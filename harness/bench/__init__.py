"""The benchmark: cases, sides, measurement and figures."""
