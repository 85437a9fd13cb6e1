"""The catalogue of features, their reason codes and the data dictionary."""
