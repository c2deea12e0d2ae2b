"""The result of one submission as JSON, which other programs read; docs/result.md explains it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from autograder.results.result import SCHEMA_VERSION, Result

# JSON has no such numbers; a deviation is infinite where shapes differ, nan where nan was seen.
NOT_FINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}
# Significant digits where a float is only information; points keep enough to add up.
DIGITS = {"points": 9, "max_points": 9, "deviation": 4, "seconds": 4}
RESULT = TypeAdapter(Result)


class RecordError(ValueError):
    """A text is not a result that this version can read, or a result cannot be written."""


def dumps(result: Result) -> str:
    """Return the result as JSON text: keys in a fixed order, one newline at the end.

    Example:
        >>> result = Result("ada", "01_two_layer_network", "graded", 2.0, 5.0)
        >>> loads(dumps(result)) == result
        True
    """
    try:
        return json.dumps(_plain(asdict(result)), indent=2, ensure_ascii=False, allow_nan=False) + (
            "\n"
        )
    except ValueError as error:
        raise RecordError(
            f"The result of {result.student!r} in {result.unit!r} holds a number of points or "
            f"seconds that is not finite ({error}), which JSON cannot say."
        ) from None


def loads(text: str) -> Result:
    """Return the result that `dumps` wrote.  Fields that this version does not know are ignored.

    Raises:
        RecordError: the text is cut off or no result, or comes from another schema version.
    """
    data = _parsed(text)
    version = data.get("schema_version")
    if type(version) is not int or version != SCHEMA_VERSION:
        raise RecordError(
            f"This result has schema_version {version!r}; this version of autograder reads "
            f"{SCHEMA_VERSION}. Update autograder, or grade the submission again."
        )
    try:
        # Pydantic is strict about types, and takes lists for tuples, only when it reads JSON.
        return RESULT.validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise RecordError(
            f"This result is not as docs/result.md describes it: `{field}`: {first['msg']}. "
            "Grade the submission again."
        ) from None


def schema() -> dict[str, Any]:
    """Return the JSON Schema of what `dumps` writes."""
    described = RESULT.json_schema(mode="serialization", schema_generator=_Untitled)
    properties = described["properties"]
    properties["schema_version"] = {"const": SCHEMA_VERSION, "type": "integer"}
    described["required"] = [name for name in properties if name in described["required"]]
    described["required"].append("schema_version")
    deviation = described["$defs"]["Finding"]["properties"]["deviation"]
    deviation["anyOf"].insert(1, {"enum": list(NOT_FINITE), "type": "string"})
    return {"$schema": GenerateJsonSchema.schema_dialect, **described}


def schema_text() -> str:
    """Return the text of docs/result.schema.json."""
    return json.dumps(schema(), indent=2) + "\n"


class _Untitled(GenerateJsonSchema):
    """Pydantic's generator without a title for every field, which only repeats the name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _plain(value: Any, key: str = "") -> Any:
    """Return a value as JSON's types, floats without noise, text without lone surrogates."""
    if isinstance(value, dict):
        items = sorted(value.items()) if key == "versions" else value.items()
        return {_plain(name): _plain(inner, name) for name, inner in items}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if key in DIGITS and value is not None:
        return _quiet(float(value), key)
    if isinstance(value, str):
        # Half of a surrogate pair, which a student may print, cannot be written as UTF-8.
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return value


def _quiet(value: float, key: str) -> float | str:
    if math.isfinite(value):
        # Adding 0.0 turns -0.0 into 0.0.
        return float(f"{value:.{DIGITS[key]}g}") + 0.0
    # Any other number that is not finite is left for `json` to refuse.
    return str(value) if key == "deviation" else value


def _parsed(text: str) -> dict[str, Any]:
    try:
        data = json.loads(
            text, parse_constant=_refuse, parse_float=_finite, object_hook=_with_deviation
        )
    except (ValueError, RecursionError) as error:
        raise RecordError(
            f"This is not a whole result in JSON ({error}). The file was cut off or changed: "
            "grade the submission again."
        ) from None
    if not isinstance(data, dict):
        raise RecordError(
            f"This is JSON, but no result: a {type(data).__name__} where an object is expected."
        )
    return data


def _with_deviation(data: dict[str, Any]) -> dict[str, Any]:
    deviation = data.get("deviation")
    if isinstance(deviation, str) and deviation in NOT_FINITE:
        return {**data, "deviation": NOT_FINITE[deviation]}
    return data


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"{digits} is too large a number")
    return value
