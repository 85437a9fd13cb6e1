"""Judged figures: the lake answers by counts, and `risk.monitoring` judges them."""
