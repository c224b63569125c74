"""The `estimation:` section of a configuration: one of the estimators, by its name."""

from backtest.estimation.sample import Sample

EstimationSettings = Sample
