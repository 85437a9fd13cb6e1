"""The mill: order, partitions, batches and rejects; no formula, no threshold, no SQL."""
