"""What a judge is, and all that the grader has to know of one."""

from __future__ import annotations

from typing import Any, Final, Protocol

from autograder.judging.closeness import UNIT, compare_values, float32, float64
from autograder.judging.comparison import PASS, Comparison, Wanted

CORRECT_FORM: Final = 21.0  # certificate: every correct form stays at or below
WRONG_VARIANT: Final = 640.0  # certificate: every wrong variant reaches this on some case


class Judge(Protocol):
    """Compares one piece of evidence with what is wanted.

    The properties are facts about the judge, with the usual ones given here.  A kind of judge
    declares its own as plain attributes of its class: without annotation they are no fields of a
    dataclass.
    """

    @property
    def dtype(self) -> str:
        """The precision up to whose rounding values are compared; empty if rounding plays no part.

        With a precision, the reference's sensitivity to rounded inputs is measured.
        """
        return ""

    @property
    def compares_float64(self) -> bool:
        """Whether what was computed in float64 is compared in float64."""
        return self.dtype == float64

    @property
    def needs_reference(self) -> bool:
        """Whether the reference has to be observed to judge."""
        return True

    @property
    def recognises_variants(self) -> bool:
        """Whether its evidence tells variants from one another."""
        return self.needs_reference

    @property
    def counts_alone(self) -> bool:
        """Whether a pass shows that something was computed; see `Check.counts_alone`."""
        return True

    @property
    def secret(self) -> bool:
        """Whether the wanted value is kept from students."""
        return True

    @property
    def is_law(self) -> bool:
        """Whether evidence has two sides, `left` and `right`, of which `left` is the answer."""
        return False

    @property
    def trains(self) -> bool:
        """Whether it judges what was trained, by a threshold: the one kind that a GPU may compute.

        All other evidence is numbers, compared closely; a GPU rounds otherwise (docs/gpu.md).
        """
        return False

    @property
    def least_wrong(self) -> float:
        """The deviation that a wrong variant must reach, even when it is handed in as float32."""
        wider = UNIT[float32] / UNIT[self.dtype or float32]
        return max(WRONG_VARIANT, PASS * wider)

    def __call__(self, got: Any, wanted: Wanted) -> Comparison:
        """Compare evidence with what is wanted, whatever a student's process sent."""
        ...

    def same(self, got: Any, other: Any, wanted: Wanted | None = None) -> bool:
        """Return whether two pieces of evidence are one mistake's, however it was computed.

        NaN equals NaN here, and only here.  `wanted` holds the errors of what is random.
        """
        return compare_values(got, other, None, self.dtype or float64, equal_nan=True).passed
