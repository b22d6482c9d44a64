"""A group in which Ann, and perhaps Bob, talks with Sally, an assistant."""

from typing import Any

from tests.projections.company import Company


async def with_a_group(company: Company) -> None:
    await company.report("ModelDefined", "sales", name="AI Sales", virtual_user="sally")
    for name in ("ann", "bob"):
        await company.report("PersonAdded", name, name=name.title())
    await company.report("GroupCreated", "g", by="person:ann", name="G", members=["virtual_user:sally"])


async def answer(company: Company, question: str = "q", id: str = "a", **more: Any) -> None:
    """Sally answers Ann."""
    given: dict[str, Any] = {"group": "g", "question": question, "virtual_user": "sally", "asker": "person:ann"}
    given |= {"text": "Weekly.", "answering_model": "sales", "version": None}
    await company.report("AnswerPosted", id, by="service:chat", **given | more)
