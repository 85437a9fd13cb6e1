"""Every request passes this: time limits, ids, problems, metrics, readiness."""
