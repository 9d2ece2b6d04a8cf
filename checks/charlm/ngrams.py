"""What counting reaches on a text: n-gram models with Witten-Bell smoothing, the bars of a corpus.

A model of order n predicts a character from the n - 1 before it. With C(h) the number of times that
a context h was seen and N(h) the number of different characters that followed it,

    p(c | h)  =  (C(h c) + N(h) p(c | h'))  /  (C(h) + N(h))

where h' is h without its first character, and the shortest context of all gives each of the V
characters 1/V. Of a context that was never seen, p(c | h) = p(c | h').

Witten and Bell, "The zero-frequency problem" (IEEE Transactions on Information Theory, 1991).
"""

import math
from collections import Counter


def cross_entropies(train: str, text: str, orders: int = 6) -> list[float]:
    """Mean cross-entropy in nats per character on `text` of the orders 1 to `orders`.

    The first `orders - 1` characters of `text` are context only, so that all orders are measured on
    the same characters. Raises ValueError if `text` is no longer than that, or if it has a
    character that `train` lacks.
    """
    first = orders - 1
    if len(text) <= first or not set(text) <= set(train):
        raise ValueError("the text must be long enough, and have no character of its own")
    places = range(first, len(text))
    probabilities = [1 / len(set(train))] * len(places)
    losses = []
    for order in range(1, orders + 1):
        counts = Counter(train[i : i + order] for i in range(len(train) - order + 1))
        contexts, followers = Counter[str](), Counter[str]()
        for gram, count in counts.items():
            contexts[gram[:-1]] += count
            followers[gram[:-1]] += 1
        for number, place in enumerate(places):
            context = text[place - order + 1 : place]
            if seen := contexts[context]:
                different = followers[context]
                share = counts[context + text[place]] + different * probabilities[number]
                probabilities[number] = share / (seen + different)
        losses.append(-sum(map(math.log, probabilities)) / len(places))
    return losses
