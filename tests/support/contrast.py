"""Contrast of colours by WCAG 2.1."""

from __future__ import annotations

AA = 4.5  # of text on its ground
AA_GRAPHICS = 3.0

Colour = tuple[float, float, float, float]  # red, green, blue, opacity, each 0 to 1


def colour(text: str) -> Colour:
    """Return `#rrggbb` or `#rrggbbaa` as a colour."""
    digits = text.removeprefix("#").ljust(8, "f")
    red, green, blue, opacity = (int(digits[i : i + 2], 16) / 255 for i in range(0, 8, 2))
    return red, green, blue, opacity


def over(front: Colour, back: Colour) -> Colour:
    """Return what is seen of a colour that lies on an opaque one."""
    red, green, blue = (
        a * front[3] + b * (1 - front[3]) for a, b in zip(front[:3], back[:3], strict=True)
    )
    return red, green, blue, 1.0


def luminance(one: Colour) -> float:
    """Return the relative luminance of an opaque colour."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in one[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(front: Colour, back: Colour) -> float:
    """Return the contrast of a colour on an opaque one, 1 to 21."""
    one, other = sorted((luminance(over(front, back)), luminance(back)), reverse=True)
    return (one + 0.05) / (other + 0.05)
