"""The monitoring job: drift, performance and data quality of each closed period, stored in gold."""
