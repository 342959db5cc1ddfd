"""The form of a command says before it is sent what the rules allow."""

from shared.contracts.demand import facts as f
from tests.browser.desks import ACCEPTED, sent
from tests.city import CLERK, STATION, TOWN, TOWN_CLERK, TOWN_HEAD, City
from tests.routing.visitor import visitor, words_of

CONTACTED = f.DemandContacted(by="陈晓岚", reached=True)


async def test_who_asks_for_an_extension_reads_how_long_it_may_be_and_who_decides(city: City):
    case = await city.raises()
    await city.tells(case, sent(4), ACCEPTED)
    async with visitor(city, CLERK) as clerk:
        asking = words_of((await clerk.open(f"/desk/cases/{case}/request-extension")).text)
        refused = await clerk.send(f"/desk/cases/{case}/request-extension", working_days="200", reason="等待沥青")
        days = next(int(words.split()[1]) for words in asking if words.startswith("一次最多延长"))
        assert f"最多延长 {days} 个工作日" in refused.text
        assert {"还可延期 1 次（共 1 次）", "由桂城街道办事处审批，批准前期限不变"} <= set(asking)
        await clerk.send(f"/desk/cases/{case}/request-extension", working_days="2", reason="等待沥青")
    async with visitor(city, TOWN_HEAD) as head:
        for answer in ("grant-extension", "refuse-extension"):
            deciding = words_of((await head.open(f"/desk/cases/{case}/{answer}")).text)
            assert any(words.startswith("陈晓岚申请延长 2 个工作日，到 ") for words in deciding)
            assert "申请理由：等待沥青" in deciding


async def test_a_unit_is_offered_only_pauses_on_which_it_decides(city: City):
    case = await city.raises()
    await city.tells(case, ACCEPTED)
    path = f"/desk/cases/{case}/pause"
    async with visitor(city, CLERK) as clerk:
        page = await clerk.open(path)
        refused = await clerk.send(path, reason="funds")
    assert 'value="weather"' in page.text
    assert 'value="funds"' not in page.text
    assert any("由桂城街道办事处决定" in words for words in words_of(page.text))
    assert refused.status_code == 422
    assert "（桂城街道办事处）决定" in refused.text, "the unit has its name"
    assert TOWN not in refused.text
    assert STATION not in refused.text


async def test_nobody_is_asked_why_a_citizen_was_not_called_who_was_called(city: City):
    case = await city.raises(contact={"name": "邹某某", "phone": "13800138000"})
    await city.tells(case, ACCEPTED)
    async with visitor(city, CLERK) as clerk:
        assert "未能联系群众的原因" in (await clerk.open(f"/desk/cases/{case}/resolve")).text
        await city.tells(case, CONTACTED)
        assert "未能联系群众的原因" not in (await clerk.open(f"/desk/cases/{case}/resolve")).text


async def test_a_helper_reads_beside_the_form_what_it_was_asked_for(city: City):
    case = await city.raises()
    await city.tells(case, sent(4), ACCEPTED)
    asked = f.AssistanceRequested(by="陈晓岚", units=(TOWN,), reason="请提供地下管线图")
    await city.tells(case, asked, f.AssistanceAccepted(by="黄文静", unit=TOWN))
    async with visitor(city, TOWN_CLERK) as helper:
        form = words_of((await helper.open(f"/desk/cases/{case}/report-assistance")).text)
    assert any("请提供地下管线图" in words for words in form)
