"""The name that the metrics of two traces carry, for whoever reads them."""

TRACE_SCHEMA = "trace-diff-metrics 1"
