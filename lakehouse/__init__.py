"""Store rows and find them again: silver, gold and the questions asked of them."""
