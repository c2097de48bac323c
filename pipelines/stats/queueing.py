"""Waiting in a queue of calls: Erlang C without, Erlang A with callers who give up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from pipelines.stats.ratings import FloatArray


@dataclass(frozen=True)
class Queue:
    """A queue in its steady state; times in the unit of the arguments.

    Attributes:
        wait_probability: Share of callers who do not get an agent at once.
        mean_wait: Mean time in the queue, over all callers.
        service_level: Share of all callers who are answered within the target; None without one.
        abandoned: Share who give up.
        queue_length: Mean number waiting.
        utilisation: Share of the agents' time in calls.
    """

    wait_probability: float
    mean_wait: float
    service_level: float | None
    abandoned: float
    queue_length: float
    utilisation: float


def erlang_c(arrival_rate: float, handle_time: float, agents: int, *, target: float | None = None) -> Queue:
    """M/M/n: callers wait for ever. Overstates waits where they do not.

    Raises:
        ValueError: If the load is not below the number of agents, where the queue has no steady state.

    Source: Erlang (1917); Tanner's worked example. The blocking recursion is done in logarithms by an
    incomplete gamma function, so that any number of agents works.
    """
    load = _load(arrival_rate, handle_time, agents)
    if load >= agents:
        raise ValueError(
            f"a load of {load:.1f} needs more than {agents} agents, else the queue grows for ever"
        )
    # Erlang B: Poisson probability of n over the sum to n.
    log_pmf = agents * np.log(load) - load - special.gammaln(agents + 1) if load > 0 else -np.inf
    blocking = float(np.exp(log_pmf) / special.gammaincc(agents + 1, load)) if load > 0 else 0.0
    waiting = agents * blocking / (agents - load * (1 - blocking))
    drain = (agents - load) / handle_time
    return Queue(
        wait_probability=waiting,
        mean_wait=waiting / drain,
        service_level=None if target is None else 1 - waiting * float(np.exp(-drain * target)),
        abandoned=0.0,
        queue_length=arrival_rate * waiting / drain,
        utilisation=load / agents,
    )


def erlang_c_wait_quantile(arrival_rate: float, handle_time: float, agents: int, share: float) -> float:
    """Wait that so large a share of callers do not exceed, in an M/M/n queue."""
    queue = erlang_c(arrival_rate, handle_time, agents)
    if queue.wait_probability <= 1 - share:
        return 0.0
    drain = (agents - _load(arrival_rate, handle_time, agents)) / handle_time
    return float(np.log(queue.wait_probability / (1 - share)) / drain)


def erlang_a(
    arrival_rate: float, handle_time: float, agents: int, patience: float, *, target: float | None = None
) -> Queue:
    """M/M/n+M: callers give up after an exponential patience. Always has a steady state.

    Args:
        arrival_rate: Callers a unit of time.
        handle_time: Mean time in a call.
        agents: Number of agents.
        patience: Mean time until a waiting caller gives up.
        target: Wait within which an answered caller counts for the service level.

    Source: Garnett, Mandelbaum and Reiman (2002), M&SOM 4:208-227; Gans, Koole and Mandelbaum (2003), M&SOM
    5:79-141. Truncated birth and death chain in logarithms; the chain ends where what is left is below 1e-14.
    """
    _load(arrival_rate, handle_time, agents)
    if not patience > 0:
        raise ValueError("patience must be above 0")
    probability, waiting_count = _chain(arrival_rate, handle_time, agents, patience)
    waits = float(probability[agents:].sum())
    queue_length = float(probability[agents:] @ waiting_count)
    abandoned = queue_length / patience / arrival_rate
    level = None
    if target is not None:
        level = float(probability[:agents].sum()) + float(
            probability[agents:]
            @ _answered_within(agents * patience / handle_time, waiting_count, target / patience)
        )
    return Queue(
        wait_probability=waits,
        mean_wait=queue_length / arrival_rate,
        service_level=level,
        abandoned=abandoned,
        queue_length=queue_length,
        utilisation=arrival_rate * (1 - abandoned) * handle_time / agents,
    )


def erlang_a_wait_quantile(
    arrival_rate: float, handle_time: float, agents: int, patience: float, share: float
) -> float:
    """Wait, ended by an answer or by giving up, that so large a share of callers do not exceed."""
    probability, waiting_count = _chain(arrival_rate, handle_time, agents, patience)
    ratio = agents * patience / handle_time

    def within(time: float) -> float:
        return 1 - float(probability[agents:] @ _still_waiting(ratio, waiting_count, time / patience))

    if within(0.0) >= share:
        return 0.0
    low, high = 0.0, patience
    while within(high) < share:
        low, high = high, 2 * high
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle) < share else (low, middle)
    return high


def _load(arrival_rate: float, handle_time: float, agents: int) -> float:
    if not (arrival_rate > 0 and handle_time > 0 and agents >= 1):
        raise ValueError("arrivals, handle time and agents must be above 0")
    return arrival_rate * handle_time


def _chain(
    arrival_rate: float, handle_time: float, agents: int, patience: float
) -> tuple[FloatArray, FloatArray]:
    """Probabilities of 0, 1, … callers in the system, and how many wait in each state from `agents` up."""
    longest = int(agents + (arrival_rate * patience) * 3 + 20 * np.sqrt(arrival_rate * patience) + 200)
    state = np.arange(1, longest + 1)
    leaving = np.minimum(state, agents) / handle_time + np.maximum(state - agents, 0) / patience
    logs = np.concatenate([[0.0], np.cumsum(np.log(arrival_rate) - np.log(leaving))])
    probability = np.exp(logs - logs.max())
    probability /= probability.sum()
    return probability, np.arange(longest - agents + 1, dtype=np.float64)


# A caller behind k others is answered after k + 1 exponential stages with rates (c + k)/patience down to
# c/patience, c = agents·patience/handle time. Their sum is −patience·log of a Beta(c, k + 1) variable.


def _still_waiting(ratio: float, ahead: FloatArray, time: float) -> FloatArray:
    """Probability of neither an answer nor giving up by a time in units of patience."""
    left = np.exp(-time)
    return left * special.betainc(ratio, ahead + 1, left)


def _answered_within(ratio: float, ahead: FloatArray, time: float) -> FloatArray:
    """Probability of an answer, before giving up, by a time in units of patience."""
    return ratio / (ratio + ahead + 1) * special.betaincc(ratio + 1, ahead + 1, np.exp(-time))
