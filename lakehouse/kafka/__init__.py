"""The Kafka client: where the brokers are, how to log in, and the one producer."""
