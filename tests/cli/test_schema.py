"""`prelabel schema` drafts a schema from what another tool knows; it needs no server."""

from pathlib import Path

from typer.testing import CliRunner

from prelabel.cli.commands import app
from prelabel.schema import LabelSchema

CONFIG = """<View><Text name="t" value="$t"/><Ranker name="order" toName="t"/>
  <Choices name="topic" toName="t"><Choice value="a"/><Choice value="b"/></Choices></View>"""


def test_a_label_config_of_label_studio_becomes_a_schema(tmp_path: Path) -> None:
    (tmp_path / "config.xml").write_text(CONFIG)
    written = tmp_path / "schema.yaml"
    done = CliRunner().invoke(
        app, ["schema", "from-label-studio", str(tmp_path / "config.xml"), "-o", str(written)]
    )
    assert done.exit_code == 0, done.output
    assert LabelSchema.read(written) == LabelSchema.load("fields: {topic: [a, b]}")
    assert "not taken over: 'order'" in done.output
