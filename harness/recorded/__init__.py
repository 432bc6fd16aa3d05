"""What a bundle recorded of programs, command lines and inputs: restated for a check, found for a replay."""
