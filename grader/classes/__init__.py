"""Grading a class: many submissions, one database, nothing lost when a run is killed."""
