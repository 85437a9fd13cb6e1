"""How the pages look: colours, numbers in words, and shared components."""
