"""Before the first event: check every dependency, find each partition's start position."""
