"""Read the metrics that the flow and the API serve about themselves."""

from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

_WITHIN_SECONDS: Final = 1.0

Samples = Mapping[str, list[tuple[Mapping[str, str], float]]]


def scrape(address: str) -> Samples | None:
    """Return the samples served at ``http://ADDRESS/metrics`` by name; None if nobody answers."""
    host, _, port = address.rpartition(":")
    connection = HTTPConnection(host.strip("[]"), int(port), timeout=_WITHIN_SECONDS)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        if answer.status != HTTPStatus.OK:
            return None
        text = answer.read().decode()
        found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return found


def total(samples: Samples, name: str) -> float | None:
    """Return the sum of a metric over its labels; None where there is none."""
    held = samples.get(name)
    return sum(value for _, value in held) if held else None
