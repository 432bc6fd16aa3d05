"""A set-up in the words of other programs; a row of the table for each."""
