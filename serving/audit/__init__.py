"""What was answered to whom, written to the audit chain."""
