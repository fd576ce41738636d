"""What is counted and timed as it happens, under the names that monitoring reads.

Each has its registry handed in: two runners in one process (tests have them) do not count together.
"""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector

# Seconds: from a turn of the loop that nobody notices to one in which Discord's heartbeat is at risk.
LAGS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
TICKS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
WAITS = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)


@dataclass(frozen=True, slots=True)
class Instruments:
    """One of each for one runner."""

    polls: Counter
    entries: Counter
    stories: Counter
    owed: Counter
    deliveries: Counter
    lag: Histogram
    tick: Histogram
    tick_failures: Counter
    write_wait: Histogram


def instruments(registry: CollectorRegistry, *, version: str, roles: str) -> Instruments:
    """Every instrument, in `registry`, with the process's own memory, time and open files."""
    ProcessCollector(registry=registry)
    Info("tocsin", "The program and what it does", registry=registry).info({"version": version, "roles": roles})
    return Instruments(
        polls=Counter("tocsin_polls", "Polls of feeds by outcome", ["outcome"], registry=registry),
        entries=Counter("tocsin_entries", "New entries by what was found", ["found"], registry=registry),
        stories=Counter("tocsin_stories", "Stories by what became of them", ["change"], registry=registry),
        owed=Counter("tocsin_alerts_owed", "Alerts that polls owed", registry=registry),
        deliveries=Counter("tocsin_deliveries", "Attempts to send or edit by outcome", ["outcome"], registry=registry),
        lag=Histogram(
            "tocsin_event_loop_lag_seconds", "How late the event loop turned", buckets=LAGS, registry=registry
        ),
        tick=Histogram("tocsin_tick_seconds", "How long ticks ran", ["tick"], buckets=TICKS, registry=registry),
        tick_failures=Counter("tocsin_tick_failures", "Ticks that ended in an error", ["tick"], registry=registry),
        write_wait=Histogram(
            "tocsin_database_write_wait_seconds",
            "How long a transaction waited for the one writer",
            buckets=WAITS,
            registry=registry,
        ),
    )
