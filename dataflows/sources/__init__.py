"""Where events come from: Kafka, files, the simulator; and how they come in batches."""
