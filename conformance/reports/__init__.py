"""The output of a run, for users, programs and CI servers."""
