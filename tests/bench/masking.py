"""What masking removes from real messages, and which remaining text looks personal.

`python -m tests.bench.masking FILE.xlsx`; a person must judge the samples, since counts do not say whether it is
right. Without a file: the processor time of usual texts, and of 8,000 characters of texts that are made to be slow;
for these also the processor time of the event loop's process, which masks them in another process.
"""

import argparse
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from pathlib import Path
from time import perf_counter, process_time

import uvloop
from python_calamine import CalamineWorkbook

from shared.masker.masker import LONG, Masker
from shared.masking import mask, mask_answer
from shared.masking.crowds import MANY

LABEL = re.compile(r"［[^］]{1,6}］")
SUSPECTS = {
    "seven digits or more": re.compile(r"\d{7,}"),
    "a room": re.compile(r"\d{1,3}[室房户号](?=[，。,. ）)])"),
    "an introduction": re.compile(r"(?:我叫|本人[，,]?|联系人|姓名)[：:]?[\u4e00-\u9fff]{2,3}[，,。 ：(（]"),
    "a mail address": re.compile(r"\S+@\S+"),
}
Found = dict[str, list[str]]
LONGEST = 8000
PROSE = "我家门口的路灯坏了一个月没有人来修理，请有关部门尽快处理谢谢。"
USUAL = (
    "路灯坏了一个月没人修",
    "桂澜路28号对面路灯不亮，请尽快维修",
    (PROSE * 2)[:50],
    "您好，我是南海区桂城街道金色家园小区3栋402房的业主，本人联系电话13800138000，2021年5月10日晚上11点左右楼上装修噪音扰民，"
    "物业不处理，多次投诉无果。业主李先生表示每天晚上都无法入睡，孩子要上学。请有关部门尽快处理，谢谢！",
    (PROSE * 7)[:200],
    "尊敬的领导：我们是罗村街道居民，小区旁边的工地每天晚上施工到凌晨两三点，噪音非常大，严重影响居民休息。我们多次打12345投诉，"
    "也联系过城管和环保部门，但是一直没有得到解决。小区里有很多老人和孩子，长期睡眠不足，身体状况越来越差。希望相关部门能够重视"
    "这个问题，督促施工单位按照规定的时间施工，夜间停止作业，还居民一个安静的生活环境。另外，工地的渣土车经常超速行驶，道路上"
    "尘土飞扬，存在很大的安全隐患，请一并处理。",
)  # fmt: skip
SLOW = (
    "4 ", "4-", "4", "13 ", "13 13 13 13 13 1 ", "4444 ", "201201", "110105 19491231 00 ", "6222 0212 3456 7890a", "1.",
    "+1 ", "0757-", "一二三", "一 三 ", "①③", "１２", "1\u200b", "𝟏𝟑", "😀我", "张伟强", "张伟强先生，",
    "我叫李明，", "老婆张", "本人", "号楼", "1号楼", "家住1号", "402室", "3-2-", "门牌1", "wx", "微信a", "@", "a@a.a",
    "ab@qq.com ", "粤E12345", "13800138000，", "I am John Smith. ", "Room 1 ",
    PROSE,
)  # fmt: skip
CROWDED = ("13800138000a ", "李伟13800138000，", "6222021234567890，", "110105194912310020，", "402室，", "1号楼，")
PIECES = (*SLOW, "联系人：", "电话", "（", "）", "\n", "，", "先生", "地址：", "单元", "栋")


def cells(path: Path) -> Iterator[tuple[str, str]]:
    """Every text of the first sheet with its column."""
    head, *rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    for row in rows:
        for column, cell in zip(head, row, strict=True):
            if isinstance(cell, str) and len(cell) > 8:
                yield str(column), cell.strip()


def hidden(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Each label with the masked text and its context."""
    for kind, i, j, k, _ in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            label = LABEL.search(after, max(0, k - 5))
            yield label[0] if label else "?", f"{before[max(0, i - 12) : i]}【{before[i:j]}】{before[j : j + 8]}"


def measure(path: Path, hide: Callable[[str], str]) -> None:
    """Print the masked and the remaining texts, by column."""
    labels: dict[str, Found] = defaultdict(lambda: defaultdict(list))
    remaining: dict[str, Found] = defaultdict(lambda: defaultdict(list))
    texts = list(cells(path))
    started = perf_counter()
    masked = [hide(text) for _, text in texts]
    seconds = perf_counter() - started
    for (column, before), after in zip(texts, masked, strict=True):
        if before != after:
            for label, sample in hidden(before, after):
                labels[column][label].append(sample)
        for name, looks in SUSPECTS.items():
            remaining[column][name] += [after[max(0, m.start() - 12) : m.end() + 8] for m in looks.finditer(after)]
    size = sum(len(text) for _, text in texts)
    print(f"{path.name}: {len(texts):,} texts, {size:,} characters in {seconds:.2f} s; "
          f"{sum(b != a for (_, b), a in zip(texts, masked, strict=True)):,} texts changed")  # fmt: skip
    for title, texts_by_label in (("hidden", labels), ("left", remaining)):
        for column, names in texts_by_label.items():
            for name, samples in sorted(names.items()):
                show(f"{title} in {column}: {name}", samples)


def slow_texts() -> Iterator[tuple[str, str]]:
    """Each piece repeated, and all of them shuffled; always the same."""
    yield from ((piece, (piece * LONGEST)[:LONGEST]) for piece in SLOW)
    # The maximum number of numbers that are checked one by one, in a text of maximum length.
    yield from ((f"{MANY} × {piece}", (piece * MANY + PROSE * LONGEST)[:LONGEST]) for piece in CROWDED)
    for seed in range(4):
        pieces = random.Random(seed).choices(PIECES, k=LONGEST)
        yield f"mix {seed}", "".join(pieces)[:LONGEST]


def cost(hide: Callable[[str], str], text: str) -> float:
    """Processor milliseconds, the least of five."""
    times = max(1, LONGEST // len(text))

    def once() -> float:
        started = process_time()
        for _ in range(times):
            hide(text)
        return (process_time() - started) / times

    return min(once() for _ in range(5)) * 1000


async def slow_costs() -> None:
    """Print the time of each slow text: as a citizen's text, as an office's, and in the process of the event loop."""
    masker, paid, short = Masker(), list[float](), list[float]()
    for piece, text in slow_texts():
        paid.append(await apart(masker, text))
        short.append(max(cost(mask, text[:LONG]), cost(mask_answer, text[:LONG])))
        print(f"{cost(mask, text):8.2f} ms {cost(mask_answer, text):8.2f} ms {paid[-1]:8.2f} ms  {piece!r}")
    await masker.process.close()
    print(f"the event loop at most: {max(paid):.2f} ms for these, {max(short):.2f} ms for {LONG} characters of them")


async def apart(masker: Masker, text: str) -> float:
    """Processor milliseconds of this process for a text that another process masks, the least of five means."""
    calls, means = 20, []
    for _ in range(5):
        started = process_time()
        for _ in range(calls):
            await masker.masked_text(text)
        means.append((process_time() - started) / calls)
    return min(means) * 1000


def show(title: str, samples: list[str]) -> None:
    """Print the count and a few samples, always the same ones."""
    print(f"\n{title}: {len(samples):,}")
    for sample in random.Random(7).sample(samples, min(SHOWN, len(samples))):
        print("    ", re.sub(r"\s+", " ", sample))


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("file", type=Path, nargs="?")
    asked.add_argument("--answers", action="store_true", help="mask as what an office wrote")
    asked.add_argument("--samples", type=int, default=12)
    options = asked.parse_args()
    SHOWN: int = options.samples
    if options.file:
        measure(options.file, mask_answer if options.answers else mask)
    else:
        for text in USUAL:
            times = f"{cost(mask, text) * 1000:8.0f} µs {cost(mask_answer, text) * 1000:8.0f} µs"
            print(f"{times}  {len(text)} characters: {text[:20]!r}")
        uvloop.run(slow_costs())
