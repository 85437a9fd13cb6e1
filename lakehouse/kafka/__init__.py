"""The Kafka client: the brokers' addresses, how to log in, and the one producer."""
