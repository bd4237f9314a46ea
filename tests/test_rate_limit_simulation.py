"""Whole fetches under a rate limit in virtual time: how many are refused, and what time is lost."""

import math
import random
import statistics

import pytest

from tests.rate_limit_simulation import Account, Client, Simulation, fetches, jitter, windows_for


def test_a_day_of_ten_thousand_requests():
    """Nothing is refused, and no window begins later than the headers allow, all day long.

    The limit changes at two thirds of the windows, none ends a whole number of seconds after it
    began, and each is told of in whole seconds, rounded up.
    """
    chance = random.Random(7)
    limits = [(chance.randint(2, 11), 60 + chance.uniform(-4, 4)) for _ in range(3000)]
    account = Account(limits)
    network, latency = 0.02, 0.1
    run = Simulation(
        account, [Client(10_000, 8)], network=lambda: network, latency=lambda: latency
    ).run()
    assert account.answers == {200: 10_000, 429: 0}
    # An answer tells the end rounded up, by less than a second, and is as old as its way back.
    assert max(account.late) < 1 + 2 * network + latency
    assert min(account.late) >= 0
    ideal = windows_for(10_000, limits)
    lost = run.took - ideal - sum(account.late)
    assert 86_000 < ideal < 120_000
    # But for the requests of which the last window has room: nothing else is lost at all.
    assert lost < 70


def test_windows_of_whole_seconds_lose_a_round_trip_at_most():
    """Where the reset is exact, each window begins within a round trip of the end of the last."""
    account = Account([(20, 10.0)])
    Simulation(account, [Client(2000, 20)], latency=jitter(1, 0.01, 0.2)).run()
    assert account.answers == {200: 2000, 429: 0}
    assert account.windows == 100
    assert max(account.late) < 0.2


@pytest.mark.parametrize("latency", [0.001, 0.01, 0.05, 0.1])
@pytest.mark.parametrize("places", [8, 20, 50])
def test_alone(latency: float, places: int):
    """Alone under 20 a second, 80 pages take little more than three seconds, and no 429."""
    account = Account([(20, 1.0)])
    run = Simulation(account, [Client(80, places)], latency=lambda: latency).run()
    assert account.answers == {200: 80, 429: 0}
    round_trips = 1 + math.ceil(19 / places)
    assert run.took <= 1.15 * (3 + round_trips * latency)


@pytest.mark.parametrize("length", [1.0, 10.0, 60.0])
def test_one_request_a_window(length: float):
    """A limit of one request a window gives one request a window."""
    account = Account([(1, length)])
    run = Simulation(account, [Client(20, 8)]).run()
    assert account.answers == {200: 20, 429: 0}
    assert run.took <= 19 * length * 1.02 + 1


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("number", "limit", "length", "pages"),
    [
        (2, 30, 1.0, 80),
        (3, 30, 1.0, 80),
        (6, 60, 1.0, 80),
        (3, 100, 10.0, 200),
        (3, 100, 60.0, 200),
    ],
)
def test_processes_that_share(number: int, limit: int, length: float, pages: int, seed: int):
    """Processes on one account all finish, get about the same, and are hardly refused."""
    account = Account([(limit, length)])
    clients = fetches(number, pages)
    run = Simulation(
        account, clients, network=jitter(seed, 0.0005, 0.002), latency=jitter(seed + 1, 0.008, 0.02)
    ).run()
    assert account.refused <= 0.08
    assert run.took <= 1.4 * (windows_for(number * pages, [(limit, length)] * 100) + 0.01)
    seconds = [client.seconds for client in clients]
    assert max(seconds) <= 1.4 * min(seconds)


def test_processes_that_join_get_their_share():
    """Whoever joins a process that had the account to itself has its share after a few windows."""
    account = Account([(30, 1.0)])
    clients = fetches(3, 400, apart=1.3)
    run = Simulation(account, clients)
    done: dict[float, list[int]] = {}
    for moment in (8.0, 11.0):
        run.at(moment, lambda moment=moment: done.update({moment: [one.done for one in clients]}))
    run.run()
    shares = [after - before for before, after in zip(done[8.0], done[11.0], strict=True)]
    assert min(shares) >= 0.6 * statistics.mean(shares)
    assert account.refused <= 0.08


@pytest.mark.parametrize("seed", range(5))
def test_a_limit_that_is_cut(seed: int):
    """A limit cut to a quarter between two windows is kept to at once."""
    account = Account([(40, 1.0)] * 3 + [(10, 1.0)])
    run = Simulation(account, [Client(200, 20)], latency=jitter(seed, 0.005, 0.03)).run()
    assert account.answers == {200: 200, 429: 0}
    assert run.took <= 1.15 * (3 + 7)
