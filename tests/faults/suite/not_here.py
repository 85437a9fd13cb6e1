"""What one Linux machine cannot try, and why."""

from typing import Final

NOT_HERE: Final = {
    "several brokers: a leader lost, a network split between replicas": "one broker runs here; "
    "replication is Kafka's own to prove, and the flow sees it as the broker's rows do",
    "power loss below Postgres or the broker": "a killed process leaves what it wrote to the "
    "kernel; losing that takes a machine that can be switched off",
    "AWS S3 itself": "moto stands in its place, behind a proxy that errs as S3 does; each start "
    "probes the real store for conditional writes",
    "a soak of a day": "the row `soak` mixes the same faults for ten minutes; memory over hours "
    "is watched in production by `flow-memory-high`",
}
