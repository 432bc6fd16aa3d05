"""Records aligned and compared: the verdict, the first divergence and its cause."""
