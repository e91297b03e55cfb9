"""What a reproduction is made of: runs, their store, claims and figures."""
