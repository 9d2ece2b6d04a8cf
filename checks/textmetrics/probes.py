"""What must run beside the student's code: many calls at once, and a look into a kind of dict.

A probe hands back evidence, never a verdict. Only the standard library is imported, since this file
is loaded from its source.
"""

from collections.abc import Mapping


def attempts(calls):
    """For each `[function, arguments, options]`: `[True, value]`, or `[False, error]`."""
    return [_attempt(*call) for call in calls]


def _attempt(function, arguments, options):
    try:
        return [True, entries(function(*arguments, **options))]
    except NotImplementedError:  # an empty template body: nothing to give evidence of
        raise
    except Exception as error:
        return [False, f"{type(error).__name__}: {error}"]


def entries(value):
    """A dict of any kind (ordered, with defaults, a view) as a plain one; all else as it is."""
    return dict(value) if isinstance(value, Mapping) else value
