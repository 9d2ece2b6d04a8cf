"""Draws how the gradient fades, or does not, on its way back: docs/gradients-vanishing.svg.

    python -m reference.gradients._plot docs/gradients-vanishing.svg

Random networks of each kind, gradients from by_hand.py; the curve is |dJ/dh_t| as a share of
|dJ/dh_T|, its geometric mean over the networks. W_recurrent is an orthogonal matrix times a
number, so that number is what it does to the length of a vector.
"""

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .by_hand import residual_rnn_grads, rnn_grads

V, H, T, NETWORKS = 20, 16, 60, 20

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 78, 702, 20, 340  # the frame, in the picture's own units
HIGHEST, DECADES = 3, 24  # from 10^3 down to 10^-21

STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #333 }
  .grid { stroke: #ccc } .frame { fill: none; stroke: #777 }
  .plain { stroke: #c0392b } .residual { stroke: #1f77b4 }
  .curve { fill: none; stroke-width: 2.5 } .weak { stroke-dasharray: 7 5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd } .grid { stroke: #444 } .frame { stroke: #999 }
    .plain { stroke: #ff8a7a } .residual { stroke: #6db8f2 }
  }"""


@dataclass(frozen=True)
class Curve:
    """One line of the picture: which network, and how much W_recurrent stretches vectors."""

    name: str
    residual: bool
    stretch: float

    @property
    def classes(self) -> str:
        """The line's classes in the picture's style sheet."""
        kind = "residual" if self.residual else "plain"
        return f"curve {kind}{' weak' if self.stretch < 1 else ''}"


CURVES = (
    Curve("residual, W_recurrent stretches by 1", True, 1.0),
    Curve("residual, by 0.5", True, 0.5),
    Curve("plain, by 1", False, 1.0),
    Curve("plain, by 0.5", False, 0.5),
)


def fading(curve: Curve) -> list[float]:
    """Return |dJ/dh_{T-k}| / |dJ/dh_T| for k = 0 ... T-1, the geometric mean over all networks."""
    logs = torch.zeros(T, dtype=torch.float64)
    for seed in range(NETWORKS):
        source = torch.Generator().manual_seed(seed)
        lengths = torch.stack(_states(curve, source)).flip(0).norm(dim=1)  # (T,), the last first
        logs += torch.log(lengths / lengths[0]) / NETWORKS
    return [float(share) for share in logs.exp()]


def _states(curve: Curve, source: torch.Generator) -> list[Tensor]:
    """Return dJ/dh_1 ... dJ/dh_T of one random network."""

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=source, dtype=torch.float64)

    q, _ = torch.linalg.qr(draw(H, H))
    xs = torch.randint(V, (T,), generator=source)
    grads = residual_rnn_grads if curve.residual else rnn_grads
    return grads(xs, 0, 0.3 * draw(H, V), curve.stretch * q, 0.3 * draw(V, H))["h"]


def picture() -> str:
    """Return the whole SVG."""
    parts = [*_axes(), *(_line(curve, fading(curve)) for curve in CURVES), *_legend()]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    title = "<title>The size of dJ/dh_t on its way back, plain and residual network</title>"
    return "\n".join([head, title, f"<style>{STYLE}\n</style>", *parts, "</svg>", ""])


def _x(steps_back: float) -> float:
    return LEFT + (RIGHT - LEFT) * steps_back / T


def _y(share: float) -> float:
    return TOP + (BOTTOM - TOP) * (HIGHEST - math.log10(share)) / DECADES


def _axes() -> Iterable[str]:
    for exponent in range(HIGHEST, HIGHEST - DECADES - 1, -3):
        y = _y(10.0**exponent)
        label = f'10<tspan dy="-6" font-size="10">{exponent}</tspan>' if exponent else "1"
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{RIGHT}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 5:.1f}" text-anchor="end">{label}</text>'
    for k in range(0, T + 1, 10):
        yield f'<text x="{_x(k):.1f}" y="{BOTTOM + 20}" text-anchor="middle">{k}</text>'
    size = f'width="{RIGHT - LEFT}" height="{BOTTOM - TOP}"'
    yield f'<rect class="frame" x="{LEFT}" y="{TOP}" {size}/>'
    middle = (LEFT + RIGHT) / 2
    yield f'<text x="{middle}" y="{BOTTOM + 44}" text-anchor="middle">steps back, T - t</text>'
    turn = f'transform="translate(18 {(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle"'
    yield f"<text {turn}>|dJ/dh_t| / |dJ/dh_T|</text>"


def _line(curve: Curve, shares: list[float]) -> str:
    points = " ".join(f"{_x(k):.1f},{_y(share):.1f}" for k, share in enumerate(shares))
    return f'<polyline class="{curve.classes}" points="{points}"/>'


def _legend() -> Iterable[str]:
    for row, curve in enumerate(CURVES):
        y = BOTTOM - 92 + 24 * row
        yield f'<path class="{curve.classes}" d="M{LEFT + 20} {y}h40"/>'
        yield f'<text x="{LEFT + 70}" y="{y + 5}">{curve.name}</text>'


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture(), encoding="utf-8")
    for each in CURVES:
        at = fading(each)
        print(f"{each.name:38} " + "  ".join(f"{k}: {at[k]:.2g}" for k in (1, 10, 30, T - 1)))
