"""Loans with outcomes, for training and backtest: from the lake, a file or the simulator."""
