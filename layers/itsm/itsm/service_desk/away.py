"""Away: whether a subject alone shows that a machine answers for somebody; many such mails say it nowhere else."""

from itsm.service_desk.patterns import begins, holds

REPLY = (
    r"auto(?:matic|mated|matisch\w*)?[-\s]?(?:reply|repl(?:ies|ied)|respon[sd]e?r?|answer|antwort)|autosvar|autoantwort"
    r"|automatische (?:abwesenheit\w*|beantwoording)|automatisch antwoord|automatiskt? svar"
    r"|r[ée]ponse automatique|respuesta autom[áa]tica|resposta autom[áa]tica"
    r"|risposta (?:automatica|non (?:presidiata|al computer))"
    r"|automaattinen vastaus|odpowied[źz] automatyczna|automatyczna odpowied[źz]|automatick[áa] odpov[ěe][ďd]"
    r"|automatikus v[áa]lasz|r[ăa]spuns automat|otomatik (?:yan[ıi]t|cevap)|αυτόματη απάντηση"
    r"|автоответ(?:чик)?|автоматический ответ|автоматична відповідь|自动回复|自動回覆|自動返信|자동 ?(?:회신|응답)"
)
ABSENT = (
    r"out[-\s]of[-\s](?:the[-\s])?office(?:[-\s](?:assistant|alert|{note}))?|ooo|oof"
    r"|(?:vacation|absence)(?:[-\s](?:{note}))?|holiday[-\s](?:{note})"
    r"|(?:currently )?on (?:(?:annual|sick|parental|maternity|paternity) )?(?:leave|vacation|holidays?)"
    r"|away(?: from (?:my |the |his |her )?(?:desk|office|mail|e-?mail))?"
    r"|abwesend|abwesenheit(?:s(?:notiz|nachricht|meldung|assistent|benachrichtigung|agent))?|nicht im (?:haus|b[üu]ro)"
    r"|au(?:ß|ss)er haus|im urlaub|absente?(?: du bureau)?|absence du bureau|message d['’]absence"
    r"|assente|assenza|fuori (?:sede|ufficio)|fuera de (?:la )?oficina|ausencia|ausente|aus[êe]ncia(?: tempor[áa]ria)?"
    r"|afwezig(?:heid(?:s\w+)?)?|niet op kantoor|fr[åa]nvaro(?:meddelande)?|(?:ej|inte) p[åa] kontoret"
    r"|frav[æa]r(?:smelding|sbesked)?|ikke til stede|poissa(?: toimistosta)?|nieobecno[śs][ćc]|poza biurem"
    r"|mimo kancel[áa][řr]|h[áa]zon k[íi]v[üu]l|вне офиса|в отпуске|отсутстви\w+|відсутн\w+"
    r"|不在(?:通知|のお知らせ)?|부재중"
).replace("{note}", f"message|notice|notification|mail|reply|response|{REPLY}")
ENDS = r"\s*(?:$|[:：()\[\]|–—]|-(?:\s|$)|\b(?:re|aw|sv|antw)\s?:)"
"""After the words the subject is over, or the one that is answered follows: a sentence that goes on is a person's."""
DAYS = r"(?:mon|tue|wed|thu|fri|sat|sun)(?:\w*day)?\b"
WHILE = (
    r"\s+(?:(?:until|till|bis|jusqu\S*|hasta|fino|tot|t\.o\.m\.)\s"
    rf"|(?:(?:from|since|for|on|vom|von|ab|seit|du|desde|dal|van|f\.o\.m\.)\s+)?(?:\d|{DAYS}))"
)
OF_SOMETHING = r"(?:my|our|your|the|mein\w*|unser\w*|der|die|das|mon|ma|notre|le|la)\s|.{1,30}\bstatus\b"
"""Who is named so is spoken of by somebody else: "Our approver is on vacation"."""
NAMED = (
    rf"(?:i am|i['’]m|ich bin|je suis|(?!{OF_SOMETHING}).{{1,40}}?\b(?:is|ist|est))\s+"
    r"(?:(?:currently|derzeit|zurzeit)\s+)?"
)
SPOKEN_OF = (
    r"\s+(?:(?:is|are|does|do|did|has|was|can|will|not|isn|doesn|won|cannot|fails?|geht|funktioniert)\b|ne |non )"
)
"""A sentence about such an answer; others go on with whom it is from or to."""
STATED = rf"^\W*(?:auto(?:matic)?:\s*)?(?:(?:{REPLY})(?!{SPOKEN_OF})|(?:{NAMED})?(?:{ABSENT})(?:{ENDS}|{WHILE}))"
ADDED = rf"[(\[]\s*(?:{REPLY}|{ABSENT})\s*[)\]]\s*$"
"""The words in brackets after the subject that is answered."""


def says_away(subject: str) -> bool:
    """Whether the subject is one of an automatic answer, in any of some twenty languages.

    A person who writes about such answers ("Out of office cannot be switched on"), or answers one ("Re: ..."), does not
    end the sentence there.
    """
    return begins(STATED, subject) or holds(ADDED, subject)
