"""Scripts that run inside gdb, by the Python of gdb; nothing of ours imports them."""
