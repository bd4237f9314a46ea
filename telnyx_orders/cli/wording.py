"""The client's messages in terms of the command line: they speak of arguments that it has not."""

import re
from typing import Final

__all__ = ["KEY", "SERVER", "in_options"]

KEY: Final = "TELNYX_API_KEY"
SERVER: Final = "TELNYX_BASE_URL"
"""What tells commands of one account its key, and where the API is."""

_PHRASES: Final = (
    (r", or say allow_insecure=True", ""),
    (r"; or say trust_env=False", ""),
    (r", or give ssl_context", ""),
    (r", or allow more with `max_body_bytes`", ""),
    (r"\. Allow more with RetryPolicy\(max_seconds=\)", ""),
    (r"RetryPolicy\.max_seconds = (\S+ s) allows", r"the \1 that are waited"),
    (r"RetryPolicy\.max_seconds = ", ""),
    (r"RetryPolicy\.budget", "budget of retries"),
    (r"If the network is well, allow more with `timeout`", "Try again later"),
    (r"`page_size`", "--page-size"),
    (r"with filter=", "with options such as --status"),
)


def in_options(
    text: str,
    *,
    concurrency: bool,
    key: str = KEY,
    server: str = SERVER,
) -> str:
    """Say it without arguments of the client, and with the command's options.

    Args:
        text: What the client says.
        concurrency: Whether the command has that option.
        key: What the API key comes from.
        server: What the base URL comes from.
    """
    fewer = "--concurrency" if concurrency else ""
    for phrase, instead in (
        *_PHRASES,
        (r"`concurrency`" if fewer else r"(?:lower|raise) `concurrency`, ", fewer),
        (r"\b(?:api_key or )?TELNYX_API_KEY(?: or give api_key=)?|\bapi_key\b", key),
        (r"\bbase_url\b", server),
    ):
        text = re.sub(phrase, instead, text)
    return text
