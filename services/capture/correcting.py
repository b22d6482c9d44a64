"""What is a correction, what it says is right, what only acknowledges one, and who didn't know. English and Bulgarian. Pure."""

import re
from typing import Final

from services.capture.courtesy import confirms, courtesy

_OBJECTS: Final = re.compile(
    r"^\W*(no(?=\W*$|\s*[,.:;!–—-]|\s+(it|that|this|we|they|you|there|he|she|the|i|in|on|at|only|longer|more|way)\b|\s+\d)|nope\b"
    r"|not (quite|correct|right|true|really|any ?more)|wrong\b|incorrect\b|actually\b|that'?s (not|wrong|incorrect|outdated)"
    r"|this is (not|wrong|incorrect|outdated)|that is (not|wrong|incorrect|outdated)|you('re| are) (wrong|mistaken)|correction\b|sorry,? (but|no)"
    r"|almost\b|still (wrong|not)|i meant\b|it'?s not\b|it is not\b|we (don'?t|do not|never)\b|not (?!sure|certain|now|yet)[^,.;?!]{1,40}, |да не\b|не[,.!]|не е\b|не сме\b"
    r"|грешно\b|грешка\b|грешен отговор\b|всъщност\b|това не е\b|напротив\b|поправка\b|неправилно\b|остаряло\b|почти\b|не (?!знам|съм)[^,.;?!]{1,40}, а\b"
    r"|това е (грешно|невярно|погрешно|неправилно|грешка|остаряло)|невярно\b|погрешно\b|(тук )?(греши(те|ш)|бърка(те|ш))\b|не (съвсем|точно)\b"
    r"|не (сте|си) прав\w*)",
    re.IGNORECASE,
)
_ASKS_ON: Final = re.compile(r"^\W*(actually|almost|всъщност|почти)\b[^.!]*\?\W*$", re.IGNORECASE)
_LEADING: Final = re.compile(
    r"^\W*((no|nope|wrong( answer)?|incorrect|not (quite|correct|right|true|really)|actually|correction|almost|sorry"
    r"|that'?s (not (right|correct|true)|wrong|incorrect|outdated)|that is (not (right|correct|true)|wrong|incorrect|outdated)"
    r"|this is (not (right|correct|true)|wrong|incorrect|outdated)|you('re| are) (wrong|mistaken)|still wrong"
    r"|не|грешно|грешка|грешен отговор|всъщност|това не е (вярно|така|правилно)|не е (вярно|така|правилно)|неправилно|поправка|почти"
    r"|това е (грешно|невярно|погрешно|неправилно|грешка|остаряло)|невярно|погрешно|(тук )?(греши(те|ш)|бърка(те|ш))|не (съвсем|точно)"
    r"|не (сте|си) прав\w*)\s*([,.:;!–—-]+\s*|$))+",
    re.IGNORECASE,
)
_ACTUALLY: Final = re.compile(
    # A Bulgarian sentence doesn't begin with these short words, so "всъщност" stays before them.
    r"^\W*(actually|всъщност(?!\s+(е|са|съм|сме|сте|си|се|го|я|ги|ме|те|ни|ви|му|ѝ|й|им|ми|ти)\b))\s+(?=\w)",
    re.IGNORECASE,
)
_CONTRAST: Final = re.compile(
    r"^(?P<kept>(?:it(?:'s| is) )?)not [^,.;?!]{1,40}, (?:but )?(?:it(?:'s| is) )?|^(?:това )?не (?:е )?[^,.;?!]{1,40}, а ",
    re.IGNORECASE,
)
_REQUEST: Final = re.compile(
    r"(?P<end>[.!…]?)[\s,;–—-]{0,5}\b(?:and |и )?(?:(?:please|can you|could you|will you|моля(?: те| ви)?|може ли да)[\s,]+)+"
    r"(?:remember|note|learn|save|memori[sz]e|keep|update|correct|fix|запомни(?:те|ш)?|запиши(?:те|ш)?|отбележи(?:те)?|научи(?:те)?|поправи(?:те)?)"
    r"[^.!?…\n]{0,40}[.!?…]*\s*$",
    re.IGNORECASE,
)
_TAKES_BACK: Final = re.compile(
    r"^\W*(correction|sorry|apologies|my (mistake|bad|apologies)|i (was|am|stand) (wrong|mistaken|corrected)|scratch that"
    r"|поправка|извин\w+|сгреших|грешка)\b",
    re.IGNORECASE,
)
_ACKNOWLEDGES: Final = re.compile(
    r"^\W*((yes|sure|of course|да|разбира се)[,.!] ?)?(thank(s| you)|got it|understood|noted|i see\b|i understand"
    r"|i('ll| will) (ensure|make sure|remember|keep|note|use|update|take)"
    r"|you('re| are) (absolutely |completely |quite )?right|my (apologies|mistake|bad)|i apologi[sz]e|apologies|sorry (about|for)|sure,? i('ll| will)"
    r"|of course[,.!]|okay[,.!]|ok[,.!]|will do|good to know|i stand corrected|благодаря|разбрах|разбирам|ясно\b|добре[,.!]|ще (го )?(запомня|имам|внимавам)"
    r"|извинявам се|извинете|прав(а|и)? (сте|си)|има(те|ш) право|записах)",
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
_LONGEST_QUESTION: Final = 500
_ABOUT_ITSELF: Final = frozenset(
    re.findall(
        r"\w+",
        "thank thanks apologize apologise apologies sorry mistake error confusion inconvenience misunderstanding noted understood "
        "remember remembered ensure make sure will that this your correction correcting clarifying clarification pointing letting know "
        "future right absolutely completely wrong about incorrect information answer have been with from take into account keep mind "
        "update благодаря разбрах разбирам извинявам извинете грешката грешка объркването запомня записах имам предвид прав права право "
        "имате имаш това вече занапред поправя поправката",
    )
)
"""Words of an acknowledgement that say nothing of the matter."""


def objects(text: str) -> bool:
    """Whether a person says by this that the answer before was wrong."""
    return _OBJECTS.match(text) is not None and not courtesy(text) and not _asks_on(text)


def takes_back(text: str) -> bool:
    """Whether an assistant says by this that what it said itself before was wrong."""
    return _TAKES_BACK.match(text) is not None


def corrects(text: str, answer: str) -> bool:
    """Whether a person says the right answer by this: objects to the one before, or tells what that one didn't know."""
    told = not text.rstrip().endswith("?") and _ACKNOWLEDGES.match(text) is None and not courtesy(text)
    return objects(text) or (told and _DECLINES.match(answer) is not None)


def acknowledges(text: str, correction: str) -> bool:
    """Whether an assistant only acknowledges the correction, instead of giving the right answer."""
    if _ACKNOWLEDGES.match(text) is None or len(text.split()) > _LONG:
        return False
    told = _content(answer_of(correction))
    if not told:
        return not _content(text) - _ABOUT_ITSELF
    return len(told & _content(text)) < max(2, len(told) * 0.6)


def answer_of(correction: str) -> str:
    """The answer that a correction holds: without the objection before it and requests after it, beginning with a capital.

    Empty where it says only that something is wrong or right, or asks back.
    """
    if courtesy(correction) or confirms(correction):
        return ""
    answer = _ACTUALLY.sub("", _LEADING.sub("", correction, count=1))
    answer = _REQUEST.sub(r"\g<end>", _CONTRAST.sub(r"\g<kept>", answer)).strip()
    if not re.search(r"\w", answer) or (answer.endswith("?") and not re.search(r"[.!:\n]\s", answer)):
        return ""
    return answer[:1].upper() + answer[1:]


def _asks_on(text: str) -> bool:
    return len(text) <= _LONGEST_QUESTION and _ASKS_ON.match(text) is not None


def _content(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3 or word.isdigit()}
