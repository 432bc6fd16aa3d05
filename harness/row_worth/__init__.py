"""What each row of the golden suite adds to the rows before it: branches, options, quirks, taps, faults."""
