"""What only commands may do to their process: threads, memory, the import of torch, the end."""
