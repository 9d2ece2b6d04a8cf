"""Claims about `sample` together with the student's own model, after the overfit run."""

from checks.charlm.alphabet import BASICS, Alphabet
from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.support.oracles import containment, entropy, ngrams

SECTION = "4 Sampling"


def trained_model(lab, outcome):
    """The student's model with the weights of the overfit run, and its characters."""
    order = outcome.order
    model = lab.probes_training.trained(lab.model.CharLSTM, len(order), outcome.weights)
    return model, Alphabet(lab, order, order=order)


@criterion(
    "charlm.sample.coherence",
    points=2,
    section=SECTION,
    hint="The trained model knows the text, and its own claims hold; what `sample` does with it is "
    "lost on the way. Compare what `sample` feeds to the model with what training fed to it.",
    requires=("charlm.train.overfit", "charlm.sample.carries-state", "charlm.sample.temperature-*"),
    explained_by=("charlm.*",),
    seconds=60,
)
def test_continuation_is_coherent_with_the_text(lab, overfitted):
    """After the overfit run, at temperature 0.7, a prompt is continued in its text's manner."""
    outcome = overfitted(lab)
    model, alphabet = trained_model(lab, outcome)
    prompt = outcome.text[20:40]
    new = alphabet.continuation(model, prompt, 300, temperature=0.7)
    share = containment(new, outcome.text, 4)
    # Right solutions, over 40 runs on as many slices: 0.99 on average, 0.86 at least, standard
    # deviation 0.01 to 0.04 by solution. With the state dropped at each step: 0.15, 0.24 at most.
    if share < 0.4:
        reject(
            "a model that knows a text must continue a prompt from it in its manner",
            given=f"prompt {prompt!r}, temperature=0.7, 300 new characters",
            expected="at least 40 % of the runs of four characters occur in the text",
            got=f"{share:.0%} do: {new[:120]!r}",
            cause="one letter is repeated" if len(set(new)) == 1 else "",
        )


@criterion(
    "charlm.sample.diversity",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: a high temperature must make the text of the trained model more "
    "varied, a low one less.",
    requires=(
        "charlm.train.overfit",
        *BASICS,
        "charlm.sample.temperature-*",
        "charlm.sample.top-p-one",
    ),
    explained_by=("charlm.*",),
    seconds=60,
)
def test_diversity_rises_with_the_temperature(lab, overfitted):
    """On the trained model, entropy and distinct n-grams rise with the temperature."""
    outcome = overfitted(lab)
    model, alphabet = trained_model(lab, outcome)
    cold, hot = (
        alphabet.continuation(model, outcome.text[20:40], 500, temperature=temperature)
        for temperature in (0.5, 4.0)
    )
    # Over 40 runs on as many slices: 310 more of the 3-grams, standard deviation 15, and 1.17 more
    # of their entropy, standard deviation 0.1. The number of distinct characters is not compared:
    # the cold text, which repeats the slice, has most of them already.
    for name, measure, least in (
        ("number of distinct 3-grams", lambda text: len(set(ngrams(text, 3))), 100),
        ("entropy of the 3-grams", lambda text: entropy(ngrams(text, 3)), 0.2),
    ):
        low, high = measure(cold), measure(hot)
        if high < low + least:
            reject(
                f"the {name} must rise with the temperature",
                given="500 characters each at temperature 0.5 and 4",
                expected=f"at least {least} more at 4 than at 0.5",
                got=f"{low:.4g} at 0.5, {high:.4g} at 4",
            )
