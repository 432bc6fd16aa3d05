"""Many tasks of one kind: done one by one, by processes, or by a cluster, with the same results; progress."""
