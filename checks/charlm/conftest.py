"""The one training run that several checks look at."""

import pytest

from checks.charlm.passages import Overfit, train_on_slice


@pytest.fixture(scope="session")
def overfitted(request):
    """Gives the outcome of the overfit run for a lab; it is trained at the first request only.

    What is kept are plain tensors and texts, so that no check sees another's process.
    """
    corpus = request.config.getoption("corpus")
    outcomes: list[Overfit] = []

    def outcome(lab) -> Overfit:
        if not outcomes:
            outcomes.append(train_on_slice(lab, corpus))
        return outcomes[0]

    return outcome
