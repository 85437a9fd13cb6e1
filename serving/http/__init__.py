"""What every request passes: limits of time, ids, problems, metrics, readiness."""
