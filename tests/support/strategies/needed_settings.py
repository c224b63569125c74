"""Settings for strategies that have no defaults."""

from pathlib import Path
from typing import Any

NEEDED: dict[str, list[dict[str, Any]]] = {
    "given_weights": [{"file": str(Path(__file__).with_name("given_weights.csv"))}],
    "blend": [
        {
            "sleeves": {
                "balanced": {
                    "strategy": "erc",
                    "estimation": {"covariance": "oas", "window": 10},
                    "leverage": {"target_volatility": 0.1, "window": 8},
                    "weight": 0.7,
                },
                "fixed": {"strategy": {"name": "sixty_forty"}, "weight": 0.5},
            }
        },
        {
            "sleeves": {
                "balanced": {"strategy": "erc", "budget": 0.4},
                "fixed": {"strategy": {"name": "sixty_forty"}, "budget": 0.6},
            }
        },
    ],
}
"""Settings by strategy; the assets of a run need the classes equities, bonds and commodities."""
