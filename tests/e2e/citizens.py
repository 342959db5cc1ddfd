"""Made-up citizens with valid numbers, and what they write: full of themselves."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.intake.people import LETTERS, SPOKEN, WIDE, card, identity

DIVISION = "440605011001"
FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
GIVEN = "澍霖煜祺睿翀昉暄曦珺琬璟瑄瑾璇皓筠翊莙蕴"


@dataclass(frozen=True, slots=True)
class Citizen:
    """Somebody who does not exist."""

    name: str
    phone: str
    identity: str
    card: str
    plate: str
    mail: str
    wechat: str
    road: str
    door: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be nowhere."""
        numbers = (self.phone, self.identity, self.card)
        return (*numbers, self.name, self.plate, self.mail, self.wechat, self.door, *self.spellings)

    @property
    def spellings(self) -> tuple[str, ...]:
        """The same numbers, as people write them."""
        p, i, c = self.phone, self.identity, self.card
        return (
            p.translate(WIDE), p.translate(SPOKEN), f"{p[:3]} {p[3:7]} {p[7:]}", f"{p[:3]}-{p[3:7]}-{p[7:]}",
            i.translate(WIDE), f"{i[:6]} {i[6:14]} {i[14:]}", f"{c[:4]} {c[4:8]} {c[8:12]} {c[12:]}",
        )  # fmt: skip

    @property
    def contact(self) -> dict[str, str]:
        """What a channel hands over beside the demand."""
        return {"name": self.name, "phone": self.phone, "email": self.mail, "address": f"{self.road}{self.door}"}

    def demand(self, n: int) -> dict[str, Any]:
        """One of the ways in which people write."""
        wide, spoken, spaced, dashed, wide_id, spaced_id, spaced_card = self.spellings
        texts = (
            f"我叫{self.name}，家住{self.road}{self.door}，路灯不亮。电话{self.phone}，身份证{self.identity}。",
            f"{self.road}{self.door}漏水，请打{spaced}或{spoken}；微信号：{self.wechat}，邮箱{self.mail}",
            f"本人{self.name}，男，身份证号{spaced_id}（{wide_id}）。{self.plate}占用车位，回电{dashed}",
            f"补贴没有到账，卡号{spaced_card}，即{self.card}。联系人：{self.name} {wide}",
        )
        return {
            "title": f"{self.road}路灯不亮，联系{self.phone}",
            "text": texts[n % len(texts)],
            "division": DIVISION,
            "category": "road-damage",
            "contact": self.contact,
        }


def citizens(count: int, seed: int) -> Iterator[Citizen]:
    """Always the same ones for a seed."""
    chance = random.Random(seed)

    def digits(length: int) -> str:
        return "".join(chance.choices("0123456789", k=length))

    for _ in range(count):
        born = f"{chance.randint(1940, 2005)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
        yield Citizen(
            name=chance.choice(FAMILY) + "".join(chance.sample(GIVEN, 2)),
            phone=f"1{chance.choice('3456789')}{digits(9)}",
            identity=identity("440605", born, digits(3)),
            card=card("622848" + digits(12)),
            plate=f"粤{chance.choice('EXY')}{''.join(chance.choices(LETTERS + '0123456789', k=5))}",
            mail=f"u{digits(8)}@mail.example.com",
            wechat=f"wx_{digits(9)}",
            road="桂澜路",
            door=f"{chance.randint(100, 999)}号{chance.randint(10, 60)}栋{chance.randint(1001, 3299)}房",
        )
