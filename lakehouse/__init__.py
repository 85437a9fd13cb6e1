"""Where rows are kept and how they are found again: silver, gold and the questions asked."""
