"""Models as documents, and their scoring: scorecard, boosted trees, logistic regression."""
