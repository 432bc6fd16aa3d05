"""What the command line writes and prints of an image."""
