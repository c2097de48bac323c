"""How often the incremental figure covers a known truth, and claims an effect where there is none.

`python -m tests.benchmarks.effect_coverage --worlds 1000` prints two lines for no effect, two for one.
"""

from __future__ import annotations

import argparse

import numpy as np

from pipelines.stats.effect_on_treated import effects_on_treated
from tests.stats.treated_worlds import world


def coverage(effect: float, worlds: int, seed: int) -> dict[str, tuple[float, float]]:
    """Share covered and share claimed, of the avoided share and of the money."""
    random = np.random.default_rng(seed)
    counts = {"avoided": np.zeros(2), "retained": np.zeros(2)}
    for _ in range(worlds):
        w = world(random, effect=effect)
        found, _ = effects_on_treated(
            {"avoided": w.avoided, "retained": w.retained},
            w.treated,
            w.columns,
            scales={"retained": w.at_stake},
        )
        for name, truth in (("avoided", w.true_avoided), ("retained", w.true_retained)):
            one = found[name]
            counts[name] += [one.lower <= truth <= one.upper, one.lower > 0 or one.upper < 0]
    return {name: tuple(count / worlds) for name, count in counts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    for effect in (0.0, 0.5):
        for name, (covered, claimed) in coverage(effect, args.worlds, args.seed).items():
            print(f"effect {effect}, {name}: covered {covered:.1%}, claimed {claimed:.1%}")


if __name__ == "__main__":
    main()
