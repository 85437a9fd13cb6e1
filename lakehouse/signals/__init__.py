"""What watches the system: runs of jobs, alerts that fired, and metrics read from the stores."""
