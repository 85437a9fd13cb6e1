"""The contract: what an application may state, in which unit and within which bounds."""
