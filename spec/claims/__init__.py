"""The shipped profiles."""
