"""The commands of the harness, one file each, named as typed: parse, call, show."""
