"""What stands at the moment of asking: ages, counts that the database told last, and what others keep count of.

Read afresh with each look at `/metrics`, so that an age grows while nothing happens.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from bot.health.vitals import Vitals


class Gauges(Collector):
    """A collector over the account of one runner."""

    def __init__(self, vitals: "Vitals") -> None:
        self._vitals = vitals

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked while the registry is being filled."""
        return ()

    def collect(self) -> Iterator[Metric]:
        vitals, now = self._vitals, self._vitals.now()
        work = vitals.work
        yield _labelled("tocsin_feeds", "Feeds by how they are", "health", work.feeds)
        yield from _outboxes(vitals, now)
        yield _plain("tocsin_refused_requests", "Requests that Discord refused in ten minutes", work.refused)
        yield _labelled("tocsin_runners", "Runners seen lately, by role", "role", work.runners)
        yield _plain(
            "tocsin_event_loop_lag_max_seconds", "The latest turn in the last ten minutes", vitals.latest_turn()
        )
        yield _plain("tocsin_uptime_seconds", "Since the runner began", vitals.clock() - vitals.began)
        if vitals.connected is not None:
            yield _plain("tocsin_discord_connected", "Whether Discord is connected", float(vitals.connected()))
        for what, moment in (("poll", vitals.last_poll), ("delivery", vitals.last_delivery)):
            if moment is not None:
                yield _plain(f"tocsin_last_{what}_timestamp_seconds", f"The last {what}", moment.timestamp())
        replaced = CounterMetricFamily(
            "tocsin_language_workers_replaced", "Language workers that were replaced", labels=["why"]
        )
        for why, number in vitals.workers().items():
            replaced.add_metric([why], number)
        yield replaced


def _outboxes(vitals: "Vitals", now: datetime) -> Iterator[Metric]:
    rows = GaugeMetricFamily("tocsin_outbox_rows", "Rows that are not settled", labels=["outbox", "state"])
    ages = GaugeMetricFamily("tocsin_outbox_oldest_seconds", "Age of the oldest row that is due", labels=["outbox"])
    for box in vitals.work.outboxes:
        rows.add_metric([box.name, "due"], box.due)
        rows.add_metric([box.name, "waiting"], box.waiting)
        ages.add_metric([box.name], max((now - box.oldest).total_seconds(), 0.0) if box.oldest else 0.0)
    yield rows
    yield ages


def _labelled(name: str, about: str, label: str, values: Mapping[str, int]) -> Metric:
    gauge = GaugeMetricFamily(name, about, labels=[label])
    for key, value in values.items():
        gauge.add_metric([key], value)
    return gauge


def _plain(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)
