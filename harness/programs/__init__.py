"""The programs that are compared: what they are, how they are built, told and run."""
