"""Fit models to loans whose outcome is known; the only place that knows scikit-learn."""
