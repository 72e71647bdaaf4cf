"""What happens to the files of a domain, effect by effect, and what a crash at any moment leaves of them."""
