"""Sets of metrics by which outputs are judged as what they are, beyond element by element."""
