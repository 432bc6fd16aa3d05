"""The commands about one program, without a second."""
