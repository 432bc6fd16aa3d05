"""From words to a RunConfig: the option table, headers, conventions, defaults. Nothing here imports torch."""
