"""The steps of the flow `score`: preflight, input, decisions, output, metrics."""
