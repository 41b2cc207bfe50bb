"""An example's content as text, as models and fine-tuning files get it."""

from prelabel.canonical import Json, canonical


def as_text(content: dict[str, Json]) -> str:
    """The bare text where the content has only that, else a line for each field."""
    if content.keys() == {"text"} and isinstance(content["text"], str):
        return content["text"]
    return "\n".join(
        f"{name}: {value if isinstance(value, str) else canonical(value)}" for name, value in content.items()
    )
