"""The words by which the metrics of a bundle name its kind."""

PAIR_KIND = "pair"
TRACE_KIND = "trace"
GRADIENTS_KIND = "gradients"
GATE_KIND = "gate"
CLOSING_KIND = "gates"
DESCRIBED_KIND = "described"
