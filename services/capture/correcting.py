"""What is a correction, what only acknowledges one, and who didn't know. English and Bulgarian. Pure."""

import re
from typing import Final

_OBJECTS: Final = re.compile(
    r"^\W*(no\b|nope\b|not (quite|correct|right|true|really|any ?more)|wrong\b|incorrect\b|actually\b|that'?s (not|wrong|incorrect|outdated)"
    r"|this is (not|wrong|incorrect|outdated)|that is (not|wrong|incorrect|outdated)|you('re| are) (wrong|mistaken)|correction\b|sorry,? (but|no)"
    r"|almost\b|still (wrong|not)|i meant\b|it'?s not\b|it is not\b|we (don'?t|do not|never)\b|да не\b|не,|не\.|не е\b|не сме\b|грешно\b"
    r"|грешка\b|всъщност\b|това не е\b|напротив\b|поправка\b|неправилно\b|остаряло\b|почти\b"
    r"|това е (грешно|невярно|погрешно|неправилно|грешка|остаряло)|невярно\b|погрешно\b|(тук )?(грешите|бъркате)\b|не (съвсем|точно)\b)",
    re.IGNORECASE,
)
_LEADING: Final = re.compile(
    r"^\W*((no|nope|wrong|incorrect|not (quite|correct|right|true|really)|actually|correction|almost|sorry"
    r"|that'?s (not (right|correct|true)|wrong|incorrect|outdated)|that is (not (right|correct|true)|wrong|incorrect|outdated)"
    r"|this is (not (right|correct|true)|wrong|incorrect|outdated)|you('re| are) (wrong|mistaken)|still wrong"
    r"|не|грешно|грешка|всъщност|това не е (вярно|така)|не е (вярно|така)|неправилно|поправка|почти"
    r"|това е (грешно|невярно|погрешно|неправилно|грешка|остаряло)|невярно|погрешно|(тук )?(грешите|бъркате)|не (съвсем|точно))\s*([,.:;!–—-]+\s*|$))+",
    re.IGNORECASE,
)
_ACKNOWLEDGES: Final = re.compile(
    r"^\W*(thank(s| you)|got it|understood|noted|i see\b|i understand|i('ll| will) (ensure|make sure|remember|keep|note|use|update|take)"
    r"|you('re| are) (absolutely |completely |quite )?right|my (apologies|mistake|bad)|i apologi[sz]e|apologies|sorry (about|for)|sure,? i('ll| will)"
    r"|of course[,.!]|okay[,.!]|ok[,.!]|will do|good to know|i stand corrected|благодаря|разбрах|разбирам|ясно\b|добре[,.!]|ще (го )?(запомня|имам|внимавам)"
    r"|извинявам се|извинете|прав(а|и)? сте|имате право|записах)",
    re.IGNORECASE,
)
_DECLINES: Final = re.compile(
    r"^\W*((i'?m |i am )?(sorry|afraid),? (but )?|unfortunately,? |съжалявам,? (но )?|за съжаление,? )?"
    r"(i (do not|don['’]?t) (know|have (that|this|any|enough|the) )|i (can not|cannot|can['’]?t|could not|couldn['’]?t) (find|answer|say|tell)"
    r"|i (have no|am not sure|am not aware|am not certain)\b|i['’]m not (sure|aware|certain)\b|това още не го знам|не (го )?знам\b"
    r"|нямам (такава |тази |никаква )?(информация|данни|сведения)|не съм сигур(ен|на)|не мога да (намеря|отговоря|кажа))",
    re.IGNORECASE,
)
_LONG: Final = 25
"""Words from which on an acknowledgement surely says more than that."""


def objects(text: str) -> bool:
    """Whether a person says by this that the answer before was wrong."""
    return _OBJECTS.match(text) is not None


def corrects(text: str, answer: str) -> bool:
    """Whether a person says the right answer by this: objects to the one before, or tells what that one didn't know."""
    told = not text.rstrip().endswith("?") and _ACKNOWLEDGES.match(text) is None
    return objects(text) or (told and _DECLINES.match(answer) is not None)


def acknowledges(text: str, correction: str) -> bool:
    """Whether an assistant only acknowledges the correction, instead of giving the right answer."""
    if _ACKNOWLEDGES.match(text) is None or len(text.split()) > _LONG:
        return False
    told = _content(answer_of(correction))
    return len(told & _content(text)) < max(2, len(told) * 0.6)


def answer_of(correction: str) -> str:
    """The answer that a correction holds: without the objection before it, beginning with a capital."""
    answer = _LEADING.sub("", correction, count=1).strip() or correction.strip()
    return answer[:1].upper() + answer[1:]


def _content(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3 or word.isdigit()}
