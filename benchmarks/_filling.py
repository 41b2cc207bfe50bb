"""Runs of many examples for benchmarks, written straight into the tables."""

from sqlalchemy import text

from prelabel.models import Dataset, Run
from prelabel.schema import LabelSchema
from prelabel.store import Store
from tests.factories import make_run

CLASSES = 77
SCHEMA = LabelSchema.model_validate(
    {"fields": {"topic": {"kind": "choice", "options": [f"class_{number}" for number in range(CLASSES)]}}}
)
NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count) "
NUMBERS_INTO_EXAMPLE = (
    "INSERT INTO example (dataset_id, external_id, content_hash, content, created_at) "
    + NUMBERS
    + """SELECT :dataset, 'q' || n, 'h' || n, ('{"text": "a short text to label, number ' || n || '"}')JSON, CURRENT_TIMESTAMP FROM numbers"""
)
DRAFTS_INTO_PLACEMENT = """
    INSERT INTO placement (run_id, example_id, is_gold, place, lane, reason, note, confidence, draft_id, attempts)
    SELECT run_id, example_id, false, 'queued', 'live', 'low_confidence', '', confidence, id, 1
    FROM draft WHERE run_id = :run"""
PLACEMENTS_INTO_SLOT = """
    INSERT INTO slot (placement_id, run_id, example_id, reason, priority, for_senior, blind, wanted, state, version, asked_at)
    SELECT id, run_id, example_id, reason, (id * 7919) % 900000, false, false, 1, 'open', 0, CURRENT_TIMESTAMP
    FROM placement WHERE run_id = :run"""


def examples_into_draft(topic: str, confidence: str = "0.5", created_at: str = "CURRENT_TIMESTAMP") -> str:
    """A draft for each example; what it says, how surely and when are SQL expressions over the example."""
    return f"""
        INSERT INTO draft (run_id, example_id, schema_version_id, step, model, prompt_digest, label, confidence, confidences,
            alternatives, failure, created_at)
        SELECT :run, id, :version, 0, 'none', '', ('{{"topic": "' || {topic} || '"}}')JSON, {confidence},
            ('{{"topic": ' || {confidence} || '}}')JSON, '{{}}'JSON, '', {created_at}
        FROM example WHERE dataset_id = :dataset"""


def fill(store: Store, count: int) -> int:
    """A run with so many examples in the queue, drafted as one of CLASSES classes each; the number of the run."""
    run_id = make_run(store, 1, schema=SCHEMA)
    drafts = examples_into_draft(f"'class_' || (id * 7 % {CLASSES})", "(30 + id % 60) / 100.0")
    with store.writing() as session:
        run = session.get_one(Run, run_id)
        dataset = session.get_one(Dataset, run.dataset_id)
        session.execute(text("DELETE FROM placement"))
        session.execute(text("DELETE FROM example"))
        many = {"count": count, "dataset": dataset.id, "run": run_id, "version": run.schema_version_id}
        for statement in (NUMBERS_INTO_EXAMPLE, drafts, DRAFTS_INTO_PLACEMENT, PLACEMENTS_INTO_SLOT):
            session.execute(text(statement.replace("JSON", "" if store.is_sqlite else "::json")), many)
    with store.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    return run_id
