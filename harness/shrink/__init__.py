"""A failing command line made small: what is dropped and simplified while it fails the same way."""
