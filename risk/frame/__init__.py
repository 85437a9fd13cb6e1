"""Frames: columns of NumPy arrays, all of one length."""
