"""A bundle on disk: names and schemas of its files, how it is written, found, and read without trust."""
