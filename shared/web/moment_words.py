"""Words for a time as people say it: 今天 08:12, 昨天 16:20, 11月29日 10:28, with the year if it is not this one."""

from datetime import date, datetime, tzinfo


def moment_words(at: datetime, now: datetime, zone: tzinfo) -> tuple[str, str]:
    """A time in Chinese and in English; times are aware, days are those of the zone."""
    local, here = at.astimezone(zone), now.astimezone(zone)
    days, clock = (here.date() - local.date()).days, f"{local:%H:%M}"
    if days == 0:
        return f"今天 {clock}", f"today {clock}"
    if days == 1:
        return f"昨天 {clock}", f"yesterday {clock}"
    zh, en = day_words(local.date(), here.date())
    return f"{zh} {clock}", f"{en} {clock}"


def day_words(day: date, today: date) -> tuple[str, str]:
    """A day in Chinese and in English, with its year if it is not this one."""
    if day.year == today.year:
        return f"{day.month}月{day.day}日", f"{day.day} {day:%b}"
    return f"{day.year}年{day.month}月{day.day}日", f"{day.day} {day:%b} {day.year}"
