"""What a sandbox has seen and sent."""

from collections import Counter

from attrs import Factory, define

from telnyx_orders.sandbox.faults import Fault


@define
class Counters:
    """Counts since the sandbox was made, or since `Sandbox.reset_counters`.

    The lists grow with every listing request and every change; reset a sandbox that runs for weeks.

    Attributes:
        requests: Requests of any kind that arrived.
        by_status: Answers by HTTP status, counted when their headers leave.
        by_endpoint: Requests that arrived, by method and path, such as `POST /number_orders` or
            `GET /number_orders/{id}`. What has no endpoint is not among them.
        by_fault: Requests that met a fault, by kind. Of these `Fault.RESET` and
            `Fault.SILENCE` send no status, so `by_status` does not know of them.
        in_flight: Requests being handled now, once they were let in.
        most_in_flight: The most requests that were handled at the same time.
        pages: `(page[number], page[size])` of every listing request that asked for a valid page,
            in the order of the answers.
        connections: TCP connections that carried at least one request.
        placed: Ids of the orders placed by `POST /number_orders`, in the order in which that
            happened. What was committed counts, whatever was answered.
        inserted: Ids of the orders created otherwise, by call or by drift, oldest change first.
        removed: Ids of the orders removed.
        settled: Ids of the orders that got another status.
    """

    requests: int = 0
    by_status: Counter[int] = Factory(Counter[int])
    by_endpoint: Counter[str] = Factory(Counter[str])
    by_fault: Counter[Fault] = Factory(Counter[Fault])
    in_flight: int = 0
    most_in_flight: int = 0
    pages: list[tuple[int, int]] = Factory(list[tuple[int, int]])
    connections: int = 0
    placed: list[str] = Factory(list[str])
    inserted: list[str] = Factory(list[str])
    removed: list[str] = Factory(list[str])
    settled: list[str] = Factory(list[str])

    def enter(self) -> None:
        """Note that a request is being handled."""
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def leave(self) -> None:
        """Note that a request has been dealt with."""
        self.in_flight -= 1
