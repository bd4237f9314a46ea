"""What a command fails with, and what the program then exits with."""

__all__ = ["CommandFailedError", "InputError", "UsageError"]


class UsageError(Exception):
    """The arguments do not make sense; the message says which and why. Exits with 2."""


class InputError(Exception):
    """A file cannot be used; the message says why. Exits with 1."""


class CommandFailedError(Exception):
    """The command was carried out, and did not lead to what was asked for. Exits with 1."""
