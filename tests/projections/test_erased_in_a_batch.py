"""One page of the log may hold an erasure and what came after it."""

from tests.projections.company import Company


async def test_what_is_decided_after_an_erasure_on_the_same_page_is_taken_in(company: Company) -> None:
    # given a proposal that the read models know
    await company.report("ModelDefined", "m", name="M")
    for name in ("ann", "bob"):
        await company.report("PersonAdded", name, name=name.title())
    await company.report("QAAdded", "proposed", by="person:ann", model="m", question="q", answer="a")
    assert [one.id for one in (await company.ask("proposals")).proposals] == ["proposed"]

    # when somebody else is erased, and then it is decided on, before the read models look again
    await company.report("PersonErased", "bob")
    await company.report("LessonDeclined", "proposed", reason="No.")

    # then it is declined, and the read models go on
    row = await company.ask("proposal", proposal="proposed")
    assert (row.status, row.reason) == ("declined", "No.")
