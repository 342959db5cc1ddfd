"""Generates demands whose pairs of characters are distributed like those of real titles: few are common, most are rare.

`python -m tests.bench.invented FILE` compares the distribution of generated titles with that of real ones.
"""

import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from shared.jurisdiction.pack import Pack
from shared.masking.pieces import wording
from tests.bench.hot_spots import messages
from tests.packs import nanhai


def _words(listed: str) -> list[str]:
    return ["" if word == "-" else word for word in listed.split()]


_OPENINGS = _words(
    "- - - 投诉 反映 请问 建议 关于 求助： 再次反映 请求尽快处理 强烈要求解决 咨询 举报 希望 质疑 询问 恳请有关部门重视"
)
_CLOSINGS = _words(
    "- - - 问题 怎么办 请处理 谁来管？ 何时解决？ 严重影响居民生活 希望尽快解决 已经半年了 是否合理 的建议 无人负责"
)
_SPOTS = _words(
    "门口 楼下 北门 南门 附近 对面 旁边 二期 一期 地下车库 后面 路口 3栋 8栋 12栋 三期 周边 东侧 西侧 隔壁 院内 - -"
)
_OBJECTS = _words(
    """
    路灯 路面 井盖 人行道 停车位 红绿灯 斑马线 公交站 下水道 排水管 河涌 污水 电梯 外墙 楼顶 消防通道 物业 物业费
    业委会 天然气管道 自来水 供电 施工 搅拌站 广场舞 餐馆油烟 工厂废气 垃圾站 垃圾桶 绿化 树木 学位 课后服务 校车
    幼儿园 食堂 长者饭堂 高龄津贴 低保 充电桩 农贸市场 公园 健身器材 图书馆 工资 劳动合同 社保 退休手续 发票 房产证
    """
)
_STATES = _words(
    """
    不亮 破损 坑洼积水 丢失 被占用 不足 时间太短 拥堵 堵塞 黑臭 直排 经常故障 脱落 不作为 乱收费 何时开通 扰民 刺鼻
    无人清理 不及时 收费过高 没有雨棚 何时开放 没有到账 怎么申请 飞线充电 脏乱差 损坏 拖欠 不签 如何转移 迟迟不办
    违规建设 存在安全隐患 何时动工 能否增加 停用多日 漏水 开裂 质量差 噪音大 没有规划 不合格 被挪用 长期关闭
    """
)
_NAMES = (
    "安宝本博才彩昌长超朝晨成春达大德定东鼎敦恩尔发帆方芳丰峰凤福富冈高格根观光广贵国海翰航豪和恒红宏鸿华怀欢辉汇慧吉佳嘉"
    "建江杰锦金京景静久巨君凯康科兰乐力立利联良林凌龙隆绿茂美民明铭南宁鹏平齐启千勤清庆泉仁荣瑞润森山尚盛胜世舒顺思松"
    "泰天庭通同旺威文武西熙祥向协新鑫信兴雄秀旭轩雅阳耀业逸益英永友宇玉裕元源远悦云泽展兆正志中众洲卓紫宗"
)
_ESTATES = _words("花园 豪庭 家园 名苑 新城 公馆 华府 小区 御景 广场 山庄 水岸 村 大厦 新村 雅居 城 湾 府 苑")
_PLACES = _words("路 大道 街 巷 公司 饭店 超市 工厂 诊所 学校 驾校 酒店 桥 市场 仓库 小学 中学")


@dataclass(frozen=True, slots=True)
class Invented:
    """A generated demand, and its parts."""

    title: str
    division: str
    estate: str
    problem: str


@dataclass(slots=True)
class Inventor:
    """Some estates and problems are a hundred times as frequent as others (Zipf)."""

    pack: Pack
    chance: random.Random
    estates_in_a_village: int = 40

    def demands(self, count: int) -> Iterator[Invented]:
        """Generate this many demands; the same seed gives the same ones."""
        villages = [division for division in self.pack.divisions if division.level == "village"]
        estates = [(self._estate(), village) for village in villages for _ in range(self.estates_in_a_village)]
        problems = [thing + state for thing in _OBJECTS for state in _STATES]
        self.chance.shuffle(estates)
        self.chance.shuffle(problems)
        often, as_often = _skewed(estates), _skewed(problems)
        for _ in range(count):
            ((estate, village),) = self.chance.choices(estates, cum_weights=often)
            (problem,) = self.chance.choices(problems, cum_weights=as_often)
            yield Invented(self.title(estate, problem, village.name), village.code, estate, problem)

    def title(self, estate: str, problem: str, village: str) -> str:
        """One of many titles for the problem: some name the village too, some a street or a shop."""
        pick, odds = self.chance.choice, self.chance.random
        before = village[:-3] if odds() < 0.25 else ""
        beside = f"{self._name(2)}{pick(_PLACES)}" if odds() < 0.3 else pick(_SPOTS)
        return f"{pick(_OPENINGS)}{before}{estate}{beside}{problem}{pick(_CLOSINGS)}"

    def _estate(self) -> str:
        return self._name(self.chance.choice((2, 2, 3, 4))) + self.chance.choice(_ESTATES)

    def _name(self, length: int) -> str:
        return "".join(self.chance.choices(_NAMES, k=length))


def _skewed(things: Sequence[object]) -> list[float]:
    return list(accumulate(1 / (rank + 20) for rank in range(len(things))))


def _figures(name: str, titles: Sequence[str]) -> str:
    counts = Counter(piece for title in titles for piece in wording(title).bigrams)
    often, total = sorted(counts.values(), reverse=True), len(titles)
    ranks = ", ".join(f"{rank}th in {often[rank] / total:.2%}" for rank in (0, 10, 100, 1000))
    once = sum(count == 1 for count in often)
    return f"{name}: {sum(often) / total:.1f} pieces a title, {len(often):,} different, {once:,} once; {ranks}"


if __name__ == "__main__":
    real = [message.title for message in messages(Path(sys.argv[1]))]
    print(_figures("real", real))
    print(_figures("invented", [one.title for one in Inventor(nanhai(), random.Random(1)).demands(len(real))]))
