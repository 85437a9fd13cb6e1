"""Data for the pages: filters, questions, cached answers, and sums of periods."""
