"""A run as a module of torch: its inputs as named, bounded variables."""
