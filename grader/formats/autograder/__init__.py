"""The autograder for Gradescope: `__main__` and `build` make the zip, `run` is what runs there."""
