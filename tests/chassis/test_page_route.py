"""An error page says what was refused, in both languages, and that nothing was sent while the database is away."""

from shared.chassis.http.page_route import ErrorText, error_text
from shared.chassis.http.problem_details import AWAY, FAULT_EN, FAULT_ZH
from shared.contracts.refusals import ANSWERS, Code, Refused


def test_a_fault_is_shown_as_a_fault_of_this_server():
    assert error_text(None) == ErrorText(500, ("系统出错了", "Something went wrong"), (FAULT_ZH, FAULT_EN))


def test_a_refusal_is_shown_with_its_own_text_or_that_of_its_code():
    title = (ANSWERS[Code.NOT_FOUND].zh, ANSWERS[Code.NOT_FOUND].en)
    assert error_text(Refused(Code.NOT_FOUND, "no such page", "没有这一页")) == (
        404,
        title,
        ("没有这一页", "no such page"),
    )
    assert error_text(Refused(Code.NOT_FOUND, "no such page")) == (404, title, (title[0], "no such page"))


def test_while_the_database_is_away_people_are_told_to_send_it_again():
    status, _, (zh, en) = error_text(AWAY)
    assert (status, "没有提交成功" in zh, "it was not taken" in en) == (503, True, True)
    assert "Idempotency-Key" not in zh + en
