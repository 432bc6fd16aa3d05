"""The science gate: simulated data sets integrated, merged, and held to their structure factors."""
