"""The stream and the jobs: order, partitions, batches and rejects; no formula, threshold or SQL."""
