"""Signs of the system's health: runs of jobs, alerts that fired, metrics read from the stores."""
