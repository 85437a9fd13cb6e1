"""The audit trail of the API: who was answered what, and when."""
