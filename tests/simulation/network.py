"""Connections in memory, with delays, in pieces, and with the ends that TCP knows.

Bytes arrive in order, after a delay that is drawn for each piece. A connection ends by FIN, which
comes after what was written before it, or by RST, which overtakes it: where the closing side asked
for that by a lingering time of zero, or where bytes arrive at a side that has closed. A reader that
pauses, and an amount of bytes under way, stop the writer as a full socket buffer does.
"""

import asyncio
import hashlib
import itertools
import struct
from asyncio import transports
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from random import Random
from socket import AF_INET, SO_LINGER, socket
from typing import Any, Final
from weakref import WeakKeyDictionary

from attrs import Factory, define

from tests.simulation.owner import owner_of

__all__ = ["Network"]

Address = tuple[str, int]

HIGH_WATER: Final = 64 * 1024
LOW_WATER: Final = 16 * 1024
LINGER_ZERO: Final = struct.pack("ii", 1, 0)


@define(eq=False)
class Network:
    """The listeners and connections of one loop.

    Attributes:
        random: What delays and pieces are drawn from.
        delay: Seconds that bytes take one way, as a range.
        split: How likely it is that what is written arrives in two pieces.
        loop: The loop; set by it.
        log: Called with a line for each event; for those who want to read a run.
    """

    random: Random = Factory(lambda: Random(0))
    delay: tuple[float, float] = (0.0, 0.0)
    split: float = 0.0
    loop: Any = None
    log: Callable[[str], None] | None = None
    _trace: Any = Factory(hashlib.blake2b)
    _ports: Any = Factory(lambda: itertools.count(40_000))
    _numbers: Any = Factory(lambda: itertools.count(1))
    _listeners: dict[Address, "Listener"] = Factory(dict)
    _reached: "WeakKeyDictionary[socket, Listener]" = Factory(WeakKeyDictionary)
    _open: dict["Side", str] = Factory(dict)

    def listen(self, protocol_factory: Callable[[], Any], host: str, port: int) -> "Listener":
        """Let a server be reached."""
        address = (host, port or next(self._ports))
        if address in self._listeners:
            raise OSError(98, f"address already in use: {address}")
        listener = Listener(self, protocol_factory, address, copy_context())
        self._listeners[address] = listener
        return listener

    def forget(self, address: Address) -> None:
        """Let a server not be reached any more; its connections stay."""
        self._listeners.pop(address, None)

    async def reach(self, sock: socket, address: Any) -> None:
        """Find the server at an address, as a handshake does; it takes there and back."""
        await asyncio.sleep(2 * self.draw_delay())
        listener = self._listeners.get(tuple(address))
        if listener is None:
            raise ConnectionRefusedError(111, f"nobody listens at {address}")
        self._reached[sock] = listener

    async def connect(self, protocol_factory: Callable[[], Any], sock: socket) -> tuple[Any, Any]:
        """Make the connection that `reach` found the server of."""
        listener = self._reached.pop(sock)
        sock.close()  # a place holder: no byte goes over it
        number = next(self._numbers)
        here = ("127.0.0.1", next(self._ports))
        client = Side(self, f"{number}>", listener.address, here, copy_context())
        server = Side(self, f"<{number}", here, listener.address, listener.context)
        client.peer, server.peer = server, client
        self.note(client.name, "open", b"")
        server.start(listener.context.run(listener.protocol_factory))
        protocol = protocol_factory()
        client.start(protocol)
        try:
            await asyncio.sleep(0)
        except BaseException:
            client.close()
            raise
        return client, protocol

    def draw_delay(self) -> float:
        return self.random.uniform(*self.delay)

    def pieces(self, data: bytes) -> list[bytes]:
        """Cut what is written at a random place, or not at all."""
        if len(data) < 2 or self.random.random() >= self.split:
            return [data]
        cut = self.random.randrange(1, len(data))
        return [data[:cut], data[cut:]]

    def connections(self, owner: str | None = None) -> list["Side"]:
        """The sides that are open, of one owner or all."""
        return [
            side
            for side, whose in self._open.items()
            if not side.is_closing() and owner in (None, whose)
        ]

    def opened(self, side: "Side", owner: str) -> None:
        self._open[side] = owner

    def lost(self, side: "Side") -> None:
        self._open.pop(side, None)

    def note(self, name: str, event: str, data: bytes) -> None:
        """Take an event into the trace."""
        line = f"{self.loop.time():.6f} {name} {event} {len(data)}"
        self._trace.update(line.encode())
        self._trace.update(data)
        if self.log is not None:
            self.log(line + (f" {data[:60]!r}" if data else ""))

    @property
    def trace(self) -> str:
        """What came when and from whom, all bytes included, as one number."""
        digest: str = self._trace.hexdigest()
        return digest

    @staticmethod
    def is_delivery(timer: asyncio.TimerHandle) -> bool:
        return isinstance(getattr(timer._callback, "__self__", None), Side)


@define(eq=False)
class Listener(asyncio.AbstractServer):
    """What `create_server` gives: as much of it as aiohttp uses."""

    network: Network
    protocol_factory: Callable[[], Any]
    address: Address
    context: Context

    @property
    def sockets(self) -> list["Socket"]:
        return [Socket(self.address, None)]

    def close(self) -> None:
        self.network.forget(self.address)

    async def wait_closed(self) -> None:
        pass


@define(eq=False)
class Socket:
    """What a transport gives as its socket: its names and its options."""

    sockname: Address
    peername: Address | None
    family: int = AF_INET
    options: dict[int, Any] = Factory(dict)

    def getsockname(self) -> Address:
        return self.sockname

    def setsockopt(self, _level: int, option: int, value: Any) -> None:
        self.options[option] = value

    @property
    def resets(self) -> bool:
        """Whether its close is an RST: it was told to linger for zero seconds."""
        return self.options.get(SO_LINGER) == LINGER_ZERO


class Side(transports.Transport):
    """One side of a connection, with what is on its way to it."""

    peer: "Side"

    def __init__(
        self, network: Network, name: str, peername: Address, sockname: Address, context: Context
    ) -> None:
        self._socket = Socket(sockname, peername)
        super().__init__({"socket": self._socket, "peername": peername, "sockname": sockname})
        self.name = name
        self.owner = owner_of(context)
        self._network = network
        self._context = context
        self._coming: deque[tuple[float, bytes | Exception | None]] = deque()
        self._coming_bytes = 0
        self._latest = 0.0
        self._closing = False
        self._reading = True
        self._ended = False
        self._writing_paused = False

    def __repr__(self) -> str:
        return f"<connection {self.name} of {self.owner}>"

    def start(self, protocol: Any) -> None:
        self._protocol = protocol
        self._network.opened(self, self.owner)
        self._context.run(protocol.connection_made, self)

    # Writing.

    def write(self, data: Any) -> None:
        if self._closing or self._ended or not data:
            return
        for piece in self._network.pieces(bytes(data)):
            self.peer.expect(piece)
        if self.peer.coming_bytes > HIGH_WATER and not self._writing_paused:
            self._writing_paused = True
            self._protocol.pause_writing()

    def writelines(self, pieces: Any) -> None:
        self.write(b"".join(pieces))

    def write_eof(self) -> None:
        if not self._ended:
            self._ended = True
            self.peer.expect(None)

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return self.peer.coming_bytes

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return LOW_WATER, HIGH_WATER

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def drained(self) -> None:
        """Go on writing: the peer has taken what was on its way."""
        if self._writing_paused and self.peer.coming_bytes <= LOW_WATER:
            self._writing_paused = False
            if not self._closing:
                self._context.run(self._protocol.resume_writing)

    # Closing.

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._end(None)

    def abort(self) -> None:
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self._closing:
            return
        self._closing = True
        if error is None:
            if self._socket.resets:
                self.peer.expect(ConnectionResetError(104, "Connection reset by peer"))
            else:
                self.write_eof()
        self._network.note(self.name, "closed" if error is None else "broken", b"")
        self._network.loop.call_soon(self._lose, error)

    def _lose(self, error: Exception | None) -> None:
        self._network.lost(self)
        self._protocol.connection_lost(error)

    # Reading.

    @property
    def coming_bytes(self) -> int:
        """How many bytes are on their way to this side, or wait to be read."""
        return self._coming_bytes

    def expect(self, what: bytes | Exception | None) -> None:
        """Have bytes, an end (`None`) or a reset on their way to this side."""
        loop = self._network.loop
        arrival = loop.time() + self._network.draw_delay()
        if isinstance(what, Exception):
            self._coming.clear()
            self._coming_bytes = 0
        else:
            self._latest = arrival = max(self._latest, arrival)
            self._coming_bytes += len(what or b"")
        self._coming.append((arrival, what))
        loop.call_at(arrival, self._arrive, context=self._context)

    def _arrive(self) -> None:
        # Not one piece a timer: timers of the same moment come in any order.
        now = self._network.loop.time()
        while self._coming and self._coming[0][0] <= now + 1e-9:
            what = self._coming[0][1]
            if self._closing:
                self._coming.popleft()
                if isinstance(what, bytes):
                    self.peer.break_off()
                continue
            if not self._reading and not isinstance(what, Exception):
                return
            self._coming.popleft()
            self._take(what)

    def _take(self, what: bytes | Exception | None) -> None:
        if isinstance(what, Exception):
            self._end(what)
        elif what is None:
            self._network.note(self.name, "end", b"")
            if not self._protocol.eof_received():
                self.close()
        else:
            self._coming_bytes -= len(what)
            self._network.note(self.name, "read", what)
            self._protocol.data_received(what)
            self.peer.drained()

    def break_off(self) -> None:
        """Be told that what was written came to a side that has closed."""
        if not self._closing:
            self.expect(ConnectionResetError(104, "Connection reset by peer"))

    def is_reading(self) -> bool:
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        if not self._reading:
            self._reading = True
            self._network.loop.call_soon(self._arrive, context=self._context)

    # The rest.

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def get_protocol(self) -> Any:
        return self._protocol
