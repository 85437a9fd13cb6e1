"""Statistics of a model in use: performance, drift, champion against challenger, backtest."""
