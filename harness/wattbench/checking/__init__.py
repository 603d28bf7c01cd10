"""Checks what people send, as data: nothing of it is run, and everything that is wrong is said at once."""
