"""Few seeds of the calibration study: calibrated scores follow the truth better than raw ones."""

import numpy as np
import pytest

from tests.benchmarks.calibration import one_seed, summary


@pytest.mark.slow
def test_calibrated_scores_beat_raw_ones_on_simulated_retailers():
    results = [one_seed(seed) for seed in (101, 102, 103)]
    mean = {name: value for name, value, _ in summary(results)}
    assert mean["calibrated_correlation"] > mean["raw_correlation"]
    assert mean["calibrated_error"] < mean["raw_error"]
    assert mean["calibrated_band_errors"] <= mean["raw_band_errors"] + 0.02
    assert mean["severity_correlation"] > 0.95
    assert mean["outcome_calibrated_correlation"] > mean["outcome_raw_correlation"]
    # Three retailers of some 85 agents that share one fit: coverage is known to about 2 points.
    assert 0.90 <= mean["deviation_coverage"] <= 0.99
    assert not np.isnan(list(mean.values())).any()
