"""A child process that leaves nothing behind when it ends, hangs or loses its parent."""
