"""The error that a trace tool shows to its user."""

from system_io.errors import UserError


class TraceError(UserError, ValueError):
    """A trace that cannot be used: the message names the thing, its value, the rule and the remedy."""
