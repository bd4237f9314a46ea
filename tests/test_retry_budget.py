"""How many retries all calls of a client may make between them."""

from telnyx_orders.retry_budget import RetryBudget


def test_retries_that_do_not_help_end():
    """A budget is used up by retries, and then there is none."""
    budget = RetryBudget(3)
    assert [budget.take(0.0) for _ in range(5)] == [True, True, True, False, False]


def test_success_gives_back():
    """A call that succeeds gives back its retries and a fifth, never beyond what there was."""
    budget = RetryBudget(3)
    for _ in range(3):
        budget.take(0.0)
    budget.succeeded(2)
    assert [budget.take(0.0) for _ in range(3)] == [True, True, False]
    for _ in range(4):
        budget.succeeded(0)
    assert [budget.take(0.0) for _ in range(2)] == [True, False]
    budget.succeeded(100)
    assert [budget.take(0.0) for _ in range(4)] == [True, True, True, False]


def test_time_gives_back():
    """In two minutes an empty budget is full, so that whoever calls rarely has its retries."""
    budget = RetryBudget(4)
    for _ in range(5):
        budget.take(1000.0)
    assert not budget.take(1029.0)
    assert budget.take(1030.1)
    assert not budget.take(1031.0)
    assert [budget.take(5000.0) for _ in range(5)] == [True] * 4 + [False]


def test_a_clock_set_back_changes_nothing():
    """Time that runs backwards gives nothing, and takes nothing."""
    budget = RetryBudget(2)
    assert budget.take(1000.0)
    assert budget.take(0.0)
    assert not budget.take(0.0)


def test_a_budget_of_nothing():
    """With nothing in it nothing is retried, ever."""
    budget = RetryBudget(0)
    budget.succeeded(0)
    assert not budget.take(0.0)
    assert not budget.take(1e9)
