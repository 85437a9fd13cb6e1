"""The audit trail of the API: who got which answer, and when."""
