"""What the API refuses to do, and why."""


class RefusedError(Exception):
    """A request that gets an error for an answer.

    Attributes:
        status: HTTP status of the answer.
        code: The API's code, a string of digits.
        title: What kind of error it is.
        detail: What is wrong this time.
        pointer: Where in the request's body it is wrong, as a JSON pointer; `None` if nowhere.
    """

    def __init__(
        self, status: int, code: str, title: str, detail: str, *, pointer: str | None = None
    ) -> None:
        super().__init__(status, code, title, detail, pointer)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.pointer = pointer


def not_there(path: str) -> RefusedError:
    """404: the account has nothing by this id."""
    return RefusedError(404, "10005", "Resource not found", f"There is nothing at {path}.")


def invalid(pointer: str, detail: str) -> RefusedError:
    """422: a value in the body is not allowed."""
    return RefusedError(422, "10015", "Invalid parameter", detail, pointer=pointer)


def malformed(detail: str) -> RefusedError:
    """400: the body is not a JSON object."""
    return RefusedError(400, "10015", "Bad request", detail)


def ended(what: str, status: str) -> RefusedError:
    """422: what has ended cannot be changed any more."""
    return RefusedError(
        422, "10015", "Not pending", f"The {what} is {status}; only what is pending can be changed."
    )
