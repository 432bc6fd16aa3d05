"""What code scanning reads of a bundle: what fails, as SARIF 2.1.0, at the lines that record the taps."""
