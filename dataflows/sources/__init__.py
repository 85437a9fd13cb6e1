"""Sources of events: Kafka, files, the simulator; each hands over events in batches."""
