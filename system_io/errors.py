"""The error that every command shows to its user on one line."""

from __future__ import annotations

from typing import ClassVar


class UserError(Exception):
    """Something that a user can mend: the message names the thing, its value, the rule and the remedy.

    `exit_status` is that of the command that ends with it; None stands for the command's status for errors.
    """

    exit_status: ClassVar[int | None] = None

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
