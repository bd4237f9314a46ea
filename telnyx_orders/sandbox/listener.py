"""Listening on an address, with what is served there."""

from aiohttp import web

# Seconds, waited for twice before requests in flight are cancelled. 0 would wait for ever.
_SHUTDOWN_TIMEOUT = 0.01


class Listener:
    """One address to listen on, again and again.

    Args:
        host: Interface to listen on.
        port: Port to listen on; 0 takes a free one.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str | None:
        """Where it listens, or `None` if it does not."""
        addresses = [] if self._runner is None else self._runner.addresses
        if not addresses:
            return None
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{addresses[0][1]}"

    async def start(self, application: web.Application) -> None:
        """Listen.

        Raises:
            RuntimeError: It is listening already.
            OSError: The address cannot be listened on.
        """
        if self._runner is not None:
            raise RuntimeError(f"the sandbox is already listening at {self.url}")
        runner = web.AppRunner(
            application,
            access_log=None,
            handler_cancellation=True,  # a fault may wait for the client to go away
            shutdown_timeout=_SHUTDOWN_TIMEOUT,
        )
        self._runner = runner
        try:
            await runner.setup()
            await web.TCPSite(runner, self._host, self._port).start()
        except BaseException:
            self._runner = None
            await runner.cleanup()
            raise

    async def stop(self) -> None:
        """Stop listening, cancel what is in flight and close every connection."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
