"""The summary of an import groups reasons that differ only in details of a row, and counts those it does not show."""

from io import StringIO

from rich.console import Console

from deploy.importing.progress_log import RefusedRow
from deploy.importing.report import REASONS, Reasons, cause_of


def refusal(line: int, column: str, reason: str) -> RefusedRow:
    return RefusedRow(row=line, file="o.csv", sheet="", line=line, column=column, value="", reason=reason, cells={})


def shown(*refusals: RefusedRow) -> str:
    reasons, output = Reasons(), StringIO()
    assert list(reasons.counted(refusals)) == list(refusals)
    Console(file=output, width=300).print(reasons.table())
    return output.getvalue()


def test_rows_that_differ_in_numbers_times_and_quoted_values_have_one_cause():
    summary = shown(
        refusal(
            2, "工单编号", "已导入过（诉求 NH21-000001-K）：title 原为“甲”，现为“乙” / was '甲' (demand NH21-000001-K)"
        ),
        refusal(
            5, "工单编号", "已导入过（诉求 NH21-000002-U）：title 原为“丙”，现为“丁” / was '丙' (demand NH21-000002-U)"
        ),
        refusal(
            9, "派单时间", "记录的时间早于上一环节 / at 2021-03-01T09:30:07+08:00 is before 2021-03-02T00:00:00+08:00"
        ),
    )
    assert summary.count("已导入过") == 1
    assert "NH21" not in summary
    assert "2021-03-01T09:30:07+08:00" in summary, "a cause of one row is shown as it is"


def test_rows_that_were_given_other_suggestions_have_one_cause():
    cause = cause_of("佛山市南海区没有这一项 / not known in nanhai，是否为 / perhaps 路灯照明")
    assert cause == cause_of("佛山市南海区没有这一项 / not known in nanhai，是否为 / perhaps 道路破损、路灯照明")
    assert cause_of("必填 / must not be empty") == "必填 / must not be empty"


def test_causes_that_are_not_shown_are_counted():
    summary = shown(
        *(refusal(n, f"列{'甲乙丙丁戊己庚辛壬癸子丑'[n % 12]}", "必填 / must not be empty") for n in range(30))
    )
    assert summary.count("must not be empty") == REASONS
    assert "other reasons" in summary
    assert " 4 " in summary, "the two columns that are not shown have two rows each"
