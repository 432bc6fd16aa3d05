"""The relations: a command line that can be changed, what a relation is, and a row for each."""
