"""Compare gold with silver range by range, remember the progress, and repair differences."""
