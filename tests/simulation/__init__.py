"""The client and the sandbox in worlds drawn from a seed, in virtual time.

A world says how large the account is, how it changes, how slow and how broken its answers are, and
what three clients do with it. It is played in one process, in an event loop whose clock jumps from
one event to the next and whose network is memory, so that a minute takes milliseconds and the same
seed always plays out the same. Afterwards the invariants are checked.

    python -m tests.simulation --seeds 10000
    python -m tests.simulation --seed 17 --verbose
"""
