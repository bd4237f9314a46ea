"""The network in memory does what TCP does, as far as HTTP can tell."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from tests.simulation.loop import VirtualLoop
from tests.simulation.network import LINGER_ZERO, Network

Made = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def run(main: Callable[[VirtualLoop, Made, Made], Awaitable[None]], **settings: Any) -> None:
    """Run something with both sides of a connection: the client's, and the server's."""
    loop = VirtualLoop(Network(random=Random(4), **settings))

    async def running() -> None:
        accepted: asyncio.Future[Made] = loop.create_future()

        def serve() -> asyncio.StreamReaderProtocol:
            reader = asyncio.StreamReader()
            return asyncio.StreamReaderProtocol(
                reader, lambda *made: accepted.set_result(made) and None
            )

        server = await loop.create_server(serve, "127.0.0.1", 0)
        here = await connect(loop, server.sockets[0].getsockname())
        there = await accepted
        await main(loop, here, there)
        here[1].close()
        there[1].close()
        server.close()
        await loop.turn()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(running())


async def connect(loop: VirtualLoop, address: Any) -> Made:
    sock, reader = socket.socket(), asyncio.StreamReader()
    try:
        await loop.sock_connect(sock, address)
    except OSError:
        sock.close()
        raise
    transport, protocol = await loop.create_connection(
        lambda: asyncio.StreamReaderProtocol(reader), sock=sock
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def test_bytes_arrive_in_order_late_and_in_pieces() -> None:
    """What is written arrives whole and in order, each piece after a delay of its own."""
    sent = [bytes([n]) * 100 for n in range(200)]

    async def main(loop: VirtualLoop, here: Made, there: Made) -> None:
        for piece in sent:
            here[1].write(piece)
        here[1].write_eof()
        arrived, times = [], set()
        while piece := await there[0].read(1000):
            arrived.append(piece)
            times.add(loop.time())
        assert b"".join(arrived) == b"".join(sent)
        assert len(times) > 10

    run(main, delay=(0.1, 0.9), split=0.5)


def test_a_writer_waits_for_a_reader() -> None:
    """`drain` waits while more is under way than a socket buffer holds."""

    async def main(loop: VirtualLoop, here: Made, there: Made) -> None:
        async def read_later() -> int:
            await asyncio.sleep(5)
            return len(await there[0].readexactly(1_000_000))

        reading = asyncio.create_task(read_later())
        for _ in range(10):
            here[1].write(b"x" * 100_000)
            await here[1].drain()
        assert loop.time() >= 5
        assert await reading == 1_000_000

    run(main)


def test_a_close_comes_after_what_was_written() -> None:
    """The other side reads everything, then the end."""

    async def main(_: VirtualLoop, here: Made, there: Made) -> None:
        here[1].write(b"all of it")
        here[1].close()
        assert await there[0].read() == b"all of it"
        assert there[0].at_eof()

    run(main, delay=(0.1, 0.2))


def test_a_reset_overtakes_what_was_written() -> None:
    """Told to linger for no time, a side that closes resets the connection."""
    assert struct.pack("ii", 1, 0) == LINGER_ZERO

    async def main(_: VirtualLoop, here: Made, there: Made) -> None:
        here[1].write(b"lost")
        sock = here[1].get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        here[1].transport.abort()
        with pytest.raises(ConnectionResetError):
            await there[0].read()

    run(main, delay=(0.1, 0.2))


def test_writing_to_a_side_that_has_closed_is_answered_by_a_reset() -> None:
    """Bytes that cross a close are lost, and their writer is told."""

    async def main(_: VirtualLoop, here: Made, there: Made) -> None:
        transport: Any = here[1].transport
        lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        transport.get_protocol().connection_lost = lost.set_result
        there[1].close()
        here[1].write(b"too late")
        assert await lost is None or isinstance(lost.result(), ConnectionResetError)

    run(main, delay=(0.1, 0.2))


def test_nobody_listens() -> None:
    """Where no server is, or not any more, a connection is refused."""

    async def main(loop: VirtualLoop, _: Made, __: Made) -> None:
        with pytest.raises(ConnectionRefusedError, match="nobody listens"):
            await connect(loop, ("127.0.0.1", 1))

    run(main)


def test_open_connections_are_told() -> None:
    """Both sides of a connection are open until they are closed."""

    async def main(loop: VirtualLoop, here: Made, there: Made) -> None:
        assert len(loop.network.connections()) == 2
        here[1].close()
        assert len(loop.network.connections()) == 1
        await there[0].read()
        there[1].close()
        assert loop.network.connections() == []

    run(main, delay=(0.1, 0.2))
