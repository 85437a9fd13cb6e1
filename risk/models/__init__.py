"""Models as documents, and how each scores: scorecard, boosted trees, logistic regression."""
