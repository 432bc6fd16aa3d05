"""The one error type that a user's bad input raises inside the simulator, and the type of warnings."""

from system_io.errors import UserError

Warnings = tuple[str, ...]
"""What a user should know and nothing stops for, in the order in which it is shown."""


class InputError(UserError, ValueError):
    """Bad input: the message names the thing, its value, the rule and the remedy on one line.

    The command line prints it on standard error and ends with exit status 9 (spec 01 section 2).
    """
