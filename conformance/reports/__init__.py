"""What a person, a program and a CI server read of a run."""
