"""Invented demands: words put together so that some pairs of characters are in every tenth title and others in one."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from shared.jurisdiction.pack import Pack


def _words(listed: str) -> list[str]:
    return listed.split()


_OPENINGS = [
    "",
    "",
    "",
    "投诉",
    "反映",
    "请问",
    "建议",
    "关于",
    "求助：",
    "再次反映",
    "请求尽快处理",
    "强烈要求解决",
    "咨询",
]
_CLOSINGS = [
    "",
    "",
    "",
    "问题",
    "怎么办",
    "请处理",
    "谁来管？",
    "何时解决？",
    "严重影响居民生活",
    "希望尽快解决",
    "已经半年了",
]
_SPOTS = [
    "门口",
    "楼下",
    "北门",
    "南门",
    "附近",
    "对面",
    "旁边",
    "二期",
    "一期",
    "地下车库",
    "后面",
    "路口",
    "3栋",
    "8栋",
]
_PROBLEMS = _words(
    """
    路灯不亮 路面破损 路面坑洼积水 井盖损坏 违规停车占道 停车位不足 红绿灯时间太短 早晚高峰严重拥堵
    下雨内涝积水 河涌黑臭 污水直排 旧楼加装电梯 电梯经常故障 外墙脱落 物业不作为 物业费乱收
    天然气何时开通 夜间施工噪音扰民 广场舞噪音扰民 餐饮油烟直排 工厂废气刺鼻 垃圾堆放无人清理 垃圾清运不及时 学位不足
    课后服务收费 校车接送点没有风雨棚 长者饭堂何时开放 高龄津贴没有到账 低保申请 电动车飞线充电 充电桩不足 农贸市场脏乱
    公园健身器材损坏 拖欠工资 不签劳动合同 社保转移办理 退休手续办理 发票开具
    """
)
_FIRST = _words(
    """
    锦绣 恒福 万科 保利 碧桂 金色 丽水 怡翠 东方 中海 雅居 龙光
    华南 桂城 天安 映月 千灯 听音 翰林 凤鸣 南国 佛奥 星河 招商
    """
)
_SECOND = _words(
    """
    豪庭 家园 花园 名苑 新城 公馆 华府 尚湾 御景 世家 天地 广场
    领域 雅筑 半岛 山庄 水岸 国际 春天 时代 风华 翠庭
    """
)
_THIRD = ["", "", "", "小区", "一期", "东区", "西区", "南苑", "北苑", "A区", "B区"]


@dataclass(frozen=True, slots=True)
class Invented:
    """An invented demand, and what it was made of."""

    title: str
    division: str
    estate: str
    problem: str


@dataclass(slots=True)
class Inventor:
    """Some words come up a hundred times as often as others (Zipf), as in real titles."""

    pack: Pack
    chance: random.Random

    def demands(self, count: int) -> Iterator[Invented]:
        """As many as asked for; the same chance gives the same."""
        villages = [division for division in self.pack.divisions if division.level == "village"]
        estates = [(one, self.chance.choice(villages)) for one in self._estates()]
        places, problems = _skewed(estates), _skewed(_PROBLEMS)
        for _ in range(count):
            ((estate, village),) = self.chance.choices(estates, cum_weights=places)
            (problem,) = self.chance.choices(_PROBLEMS, cum_weights=problems)
            yield Invented(self.title(estate, problem, village.name), village.code, estate, problem)

    def title(self, estate: str, problem: str, village: str) -> str:
        """One of many ways to say it; every fourth citizen names the village too."""
        pick = self.chance.choice
        named = f"{village[:-3]}{estate}" if self.chance.random() < 0.25 else estate
        return f"{pick(_OPENINGS)}{named}{pick(_SPOTS)}{problem}{pick(_CLOSINGS)}"

    def _estates(self) -> list[str]:
        names = [a + b + c for a in _FIRST for b in _SECOND for c in dict.fromkeys(_THIRD)]
        self.chance.shuffle(names)
        return names


def _skewed(things: Sequence[object]) -> list[float]:
    return list(accumulate(1 / (rank + 5) for rank in range(len(things))))
