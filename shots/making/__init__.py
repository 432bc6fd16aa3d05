"""Shots computed: one by one, by processes, by many machines, with the same result."""
