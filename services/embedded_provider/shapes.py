"""Jobs, their events and checkpoints, and lists, as OpenAI's client reads them."""

from typing import Any

from services.embedded_provider.database import Row, loads


def job(row: Row) -> dict[str, Any]:
    """A job; what only its end tells is null until then."""
    return {
        "id": row["id"],
        "object": "fine_tuning.job",
        "created_at": row["created"],
        "finished_at": row["finished"],
        "status": row["status"],
        "model": row["base"],
        "fine_tuned_model": row["model"],
        "trained_tokens": row["tokens"],
        "training_file": row["file"],
        "validation_file": row["validation"],
        "hyperparameters": {"n_epochs": 1, "batch_size": 1, "learning_rate_multiplier": 1},
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 1}}},
        "organization_id": "org-apprentice",
        "result_files": [],
        "seed": row["seed"],
        "error": loads(row["error"]),
        "metadata": loads(row["metadata"]),
        "integrations": [],
        "estimated_finish": None,
    }


def event(row: Row) -> dict[str, Any]:
    """Something about a job."""
    return {
        "id": row["id"], "object": "fine_tuning.job.event", "created_at": row["created"], "level": row["level"],
        "message": row["message"], "type": "message", "data": {},
    }  # fmt: skip


def checkpoints(row: Row) -> list[dict[str, Any]]:
    """A finished job has one: its end."""
    if row["model"] is None:
        return []
    return [
        {
            "id": row["id"].replace("ftjob-", "ftckpt-"), "object": "fine_tuning.job.checkpoint",
            "created_at": row["finished"], "fine_tuned_model_checkpoint": row["model"],
            "fine_tuning_job_id": row["id"], "step_number": 1, "metrics": {"step": 1},
        }
    ]  # fmt: skip


def listed(data: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    """A page of a list."""
    return {
        "object": "list", "data": data, "has_more": more,
        "first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None,
    }  # fmt: skip
