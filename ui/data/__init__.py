"""What pages ask: filters, questions, answers kept, and periods summed up."""
