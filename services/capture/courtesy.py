"""What is said beside the matter: thanks, agreement, and an assistant's "let me look". English and Bulgarian. Pure."""

import re
from typing import Final

_LONGEST: Final = 200
"""Characters; whoever says more says more than that."""
_NAME: Final = r"(?:,? (?-i:[A-ZА-Я])\w+)?"
_THANKS: Final = (
    rf"(?:(?:many |so many )?thanks(?: a lot| so much| again| very much)?|thank you(?: so much| very much| again| all)?|thx|cheers){_NAME}"
    r"|thank(?:s| you) for (?:your|the|this|that) \w+|great(?: job| answer)?|perfect|cool|nice(?: one)?|awesome|excellent|wonderful"
    r"|super|ok(?:ay)?|got it|understood|fine|good(?: to know| job)?|no (?:problem|worries|rush)(?: at all)?|not bad(?: at all)?"
    r"|never mind|all (?:good|clear)|that(?:'s| is) (?:great|perfect|all|good|fine|clear|it)(?: now)?|very (?:good|helpful|nice)"
    r"|(?:that )?helps(?: a lot)?|makes sense|you(?:'re| are) (?:very |most )?welcome|welcome|my pleasure|anytime|don't mention it"
    r"|(?:i'm |i am )?(?:glad|happy|pleased) (?:to (?:help|hear it|hear that)|i could help|that helped)(?: you)?|let me know if [^.!?]*"
    r"|(?:is there )?anything else[^.!?]*|feel free to [^.!?]*|have a (?:nice|great|good) (?:day|evening|weekend)"
    rf"|(?:(?:много )?благодар(?:я|им)(?: ти| ви| за \w+)?(?: много)?|мерси(?: много)?){_NAME}|супер|чудесно|страхотно|отлично|прекрасно|добре|ок(?:ей)?|ясно"
    r"|разбрах|става|няма (?:проблем|проблеми|защо|за какво)|за нищо|не е (?:лошо|зле)|всичко е ясно|радвам се[^.!?]*|приятен ден|моля"
)
_COURTESY: Final = re.compile(rf"\W*(?:(?:{_THANKS})(?!\w)\W*)+", re.IGNORECASE)
_CONFIRMS: Final = re.compile(
    rf"\W*(?:(?:yes|yep|yeah|exactly|correct|right|indeed|true|agreed|i (?:agree|confirm)(?: (?:that|this|it))?|confirmed|same here|\+1"
    rf"|(?:that|this|it)(?:'s| is) (?:right|correct|true)|\w+ is (?:absolutely |quite )?right|as \w+ says"
    rf"|да|точно(?: така)?|вярно|така е|съгласен|съгласна|потвърждавам|(?:това )?е (?:вярно|така)|\w+ (?:има право|е прав|е права)|{_THANKS})"
    r"(?!\w)\W*)+",
    re.IGNORECASE,
)
_STALLS: Final = re.compile(
    r"\W*(?:(?:hi|hello|sure|of course|certainly|здравей(?:те)?|разбира се)\W+)?"
    r"(?:let me (?:check|look|see|think)[^.!?…]*|(?:just )?(?:a|one) (?:moment|second|minute)[^.!?…]*|i(?:'ll| will) (?:check|look)[^.!?…]*"
    r"|(?:един )?момент[^.!?…]*|(?:нека|ще) (?:да )?(?:проверя|погледна|видя)[^.!?…]*)\W*",
    re.IGNORECASE,
)


def courtesy(text: str) -> bool:
    """Whether it is thanks or politeness and nothing else."""
    return len(text) <= _LONGEST and _COURTESY.fullmatch(text) is not None


def confirms(text: str) -> bool:
    """Whether it only agrees with what somebody said before."""
    return len(text) <= _LONGEST and _CONFIRMS.fullmatch(text) is not None


def stalls(text: str) -> bool:
    """Whether an assistant only announces its answer."""
    return len(text) <= _LONGEST and _STALLS.fullmatch(text) is not None
