"""Readers and writers of the file formats; none of them imports torch."""
