"""The proofs: one folder per room, plus house, servers, golden, faults and bench."""
