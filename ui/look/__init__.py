"""How things look and read: colours, numbers in words, the parts that pages are made of."""
