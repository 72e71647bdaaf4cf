"""Where hypervisors differ: sequences on which their profiles disagree, and what each of them then does."""
