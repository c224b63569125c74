"""The numerical example of López de Prado (2016): 10,000 returns of ten assets, five of them noisy copies of others.

The paper's script draws them with NumPy's seed 12345, whose stream is the same today. It chooses the copied assets with
Python 2's generator; the pairs here come from its figures: 6 of 3, 7 of 1, 8 of 5, 9 and 10 of 2.
"""

import numpy as np
from numpy.typing import NDArray

COPIED = [2, 0, 4, 1, 1]

# The paper's table of weights, in percent to two digits: the minimum variance portfolio (by the critical line
# algorithm), hierarchical risk parity, and inverse variance.
MINIMUM_VARIANCE = [14.44, 19.93, 19.73, 19.87, 18.68, 0.00, 5.86, 1.49, 0.00, 0.00]
HIERARCHICAL_RISK_PARITY = [7.00, 7.59, 10.84, 19.03, 9.72, 10.19, 6.62, 9.10, 7.12, 12.79]
INVERSE_VARIANCE = [10.36, 10.28, 10.36, 10.25, 10.31, 9.74, 9.80, 9.65, 9.64, 9.61]


def covariance() -> NDArray[np.float64]:
    """Return the (10, 10) sample covariance of the example."""
    random = np.random.RandomState(12345)
    own = random.normal(0, 1, size=(10_000, 5))
    copies = own[:, COPIED] + random.normal(0, 0.25, size=(10_000, 5))
    return np.asarray(np.cov(np.hstack([own, copies]), rowvar=False))
