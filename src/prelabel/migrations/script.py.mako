<%!
    def without_remarks(body):
        return "\n".join(line for line in body.splitlines() if "# ###" not in line).strip() or "pass"
%>"""${message[:1].upper()}${message[1:]}."""

import sqlalchemy as sa
from alembic import op
${imports or ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades or '' | without_remarks}


def downgrade() -> None:
    ${downgrades or '' | without_remarks}
