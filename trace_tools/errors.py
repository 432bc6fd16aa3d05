"""The error that a trace tool shows to its user."""


class TraceError(ValueError):
    """A trace that cannot be used: the message names the thing, its value, the rule and the remedy."""
