"""Compare gold with silver range by range, keep how far that got, and repair what differs."""
