"""Answers in the API's form: JSON with an `errors` list when something is wrong."""

import json
from collections.abc import Mapping

from aiohttp import web

from telnyx_orders.sandbox.query import BadParameterError
from telnyx_orders.sandbox.refusals import RefusedError


def json_answer(body: bytes) -> web.Response:
    """What was asked for."""
    return web.Response(body=body, content_type="application/json")


def error_answer(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    parameter: str | None = None,
    pointer: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """An answer with one error.

    Args:
        status: HTTP status.
        code: The API's code, a string of digits.
        title: What kind of error it is.
        detail: What was wrong this time.
        parameter: The query parameter it comes from, if it comes from one.
        pointer: The place in the body it comes from, if it comes from one, as a JSON pointer.
        headers: Headers to send besides.
    """
    error: dict[str, object] = {"code": code, "title": title, "detail": detail}
    if parameter is not None:
        error["source"] = {"parameter": parameter}
    if pointer is not None:
        error["source"] = {"pointer": pointer}
    error["meta"] = {"url": f"https://developers.telnyx.com/docs/overview/errors/{code}"}
    body = json.dumps({"errors": [error]}).encode()
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def unauthorized() -> web.Response:
    """401: the API key is missing or wrong."""
    return error_answer(
        401, "10009", "Authentication failed", "The API key is missing or is not this account's."
    )


def not_found(path: str) -> web.Response:
    """404: the API has no such resource."""
    return error_answer(404, "10005", "Resource not found", f"There is nothing at {path}.")


def refused(error: RefusedError) -> web.Response:
    """The API does not do what it was asked to."""
    return error_answer(error.status, error.code, error.title, error.detail, pointer=error.pointer)


def method_not_allowed(method: str, allowed: str) -> web.Response:
    """405: the resource is there, the method is not."""
    return error_answer(
        405,
        "10015",
        "Method not allowed",
        f"{method} is not possible here, {allowed} is.",
        headers={"Allow": allowed},
    )


def too_many_requests(headers: Mapping[str, str] | None = None) -> web.Response:
    """429: the account has made too many requests."""
    return error_answer(
        429,
        "10011",
        "Too many requests",
        "The account has reached its rate limit.",
        headers=headers,
    )


def bad_parameter(error: BadParameterError) -> web.Response:
    """400 or 422: a query parameter has a value that is not allowed."""
    title = "Invalid parameter" if error.status == 422 else "Bad request"
    return error_answer(error.status, "10015", title, error.detail, parameter=error.parameter)
