"""Real servers for the tests: a Kafka broker, Postgres and S3, each started on loopback.

`plugin` offers them as fixtures (`broker`, `own_broker`, `apache_kafka`, `new_topic`, `postgres`,
`bucket`); a test that asks for one is marked `server`. Nothing here needs a service that was
started beforehand, root, or a fixed port.
"""
