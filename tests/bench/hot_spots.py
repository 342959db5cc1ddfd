"""Which messages of a real file are about the same matter, without any similarity measure.

Two messages are the same matter when their *titles* name the same place and speak of the same kind of problem.

- A *place* is the four characters after an administrative name ("A3区…", as the file's publisher disguised them) in at
least two titles, found in 3 to 60 titles in all, most of which go on like the name of an estate or an institution.
Streets and towns are left out, since they have hundreds of matters. - The *kind of problem* comes from the list of
everyday words below, which was written without the file.

A title that names the place and no kind of problem is doubtful: it counts neither for nor against. Pairs of
characters, weights and scores are not used here, so the scoring can be tested with it. It is not the work of human
judges: two kinds of problem in one sentence, or one estate under two names, are classified wrongly.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from python_calamine import CalamineWorkbook

FEWEST, MOST = 3, 60
_AFTER = re.compile(r"[A-Z]\d*[市区县](?![A-Z])([\u4e00-\u9fff]{4})")
_WIDE = re.compile("街道|大道|镇|[路线]")
_ESTATE = re.compile(
    "小区|花园|家园|新城|公馆|社区|广场|苑|城|府|园|湾|庭|郡|居|学院|学校|中学|小学|幼儿园|医院|大厦|山庄|新村|墅|里"
)
_PROBLEMS = [
    "噪音 噪声 扰民 吵 喧哗 音响 广场舞 夜间施工 鸣笛",
    "油烟 异味 臭 废气 粉尘 扬尘 灰尘 污染 烧烤 刺鼻",
    "停车 车位 车库 违停 乱停",
    "物业 业委会 维修基金",
    "入学 学位 招生 学区 就读 配套学校 划片 补课 开学",
    "房产证 不动产证 产权证 办证 网签 备案",
    "交房 延期 烂尾 质量 漏水 开裂 精装 装修 虚假宣传 违规销售 捆绑 捂盘 购房 开发商",
    "停电 供电 电费 断电 停水 断水 供水 自来水 水压 水质",
    "燃气 天然气 煤气",
    "电梯",
    "路面 坑洼 修路 破损 断头路 通车 泥泞 拓宽 道路",
    "拥堵 堵车 红绿灯 信号灯 斑马线 天桥 隧道 路口",
    "公交 地铁 站点 轻轨 高铁 铁路",
    "垃圾 卫生 污水 积水 排水 下水道",
    "拆迁 征地 棚改 安置 征收 拆除 补偿 旧城改造 违建 违章",
    "诈骗 集资 传销 非法 贷 欺骗",
    "工资 欠薪 拖欠 社保 公积金 辞退 加班",
    "收费 乱收 退款 退费 涨价 押金",
    "实习 毕业证 学费",
    "补贴 低保 补助 落户",
    "消防 安全隐患 火灾 危房",
]
_KINDS = [tuple(words.split()) for words in _PROBLEMS]


@dataclass(frozen=True, slots=True)
class Message:
    """A row of the file."""

    title: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Truth:
    """For one message: the others about the same matter, and those in doubt."""

    asked: int
    same: frozenset[int]
    doubtful: frozenset[int]


def messages(file: Path) -> list[Message]:
    """The rows of `messages_with_votes.xlsx` or `messages_with_replies.xlsx`."""
    rows = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()[1:]
    return [Message(str(row[2]).strip(), re.sub(r"\s+", " ", str(row[4])).strip(), _time(row[3])) for row in rows]


def hot_spots(listed: Sequence[Message]) -> Iterator[Truth]:
    """The truth for every message with related ones."""
    places = _places([message.title for message in listed])
    named = [[place for place in places if place in message.title] for message in listed]
    kinds = [_kinds(message.title) for message in listed]
    for index, own_kinds in enumerate(kinds):
        related = {other for place in named[index] for other in places[place]} - {index}
        same = frozenset(other for other in related if own_kinds & kinds[other])
        if same:
            yield Truth(index, same, frozenset(other for other in related if not kinds[other]))


def _places(titles: Sequence[str]) -> dict[str, list[int]]:
    counts = Counter(place for title in titles for place in set(_AFTER.findall(title)))
    counts_by_place = {}
    for place, count in counts.items():
        if count < 2 or _WIDE.search(place):
            continue
        titles_with_place = [n for n, title in enumerate(titles) if place in title]
        estates = sum(bool(_ESTATE.search(place + titles[n].split(place, 1)[1][:4])) for n in titles_with_place)
        if FEWEST <= len(titles_with_place) <= MOST and 2 * estates >= len(titles_with_place):
            counts_by_place[place] = titles_with_place
    return counts_by_place


def _kinds(title: str) -> frozenset[int]:
    return frozenset(n for n, words in enumerate(_KINDS) if any(word in title for word in words))


def _time(cell: object) -> datetime:
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=UTC)
    numbers = [int(part) for part in re.findall(r"\d+", str(cell))]
    year, month, day, hour, minute, second = (*numbers, 0, 0, 0)[:6]
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
