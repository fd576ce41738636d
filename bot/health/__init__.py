"""Knowing that a runner is alive: what it tells of itself while it works, as `/metrics` for Prometheus and `/healthz`
for whoever watches over it.

The answers come from a thread of their own, so that they come, and say so, when the event loop is stuck. It knows
nothing of what is counted and repairs nothing; what is wrong is judged in core/vitals.
"""

from bot.health.heart import beating
from bot.health.server import serving
from bot.health.vitals import Vitals, no_headway

__all__ = ["Vitals", "beating", "no_headway", "serving"]
