"""The stream and the jobs: order, partitions, batches, refused events; no formula and no SQL."""
