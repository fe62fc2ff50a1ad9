"""Quotes: the words of a reply apart from what it quotes; the rest is folded away, never thrown away."""

import re
from dataclasses import dataclass

from itsm.service_desk.patterns import begins, compiled, holds

MAX_LINES = 4_000
WROTE = (
    r"wrote|writes|schrieb|a [ée]crit|ha scritto|escribi[óo]|escreveu|schreef|skrev|napisa[łl](?:\(a\)|a)?|kirjoitti"
    r"|пишет|пише|писал(?:а)?|написал(?:а)?"
    r"|写道|寫道|さんは書きました|のメッセージ|님이 작성"
    r"|schreef het volgende|geschreven|viết|scrisse|a scris|napsal(?:\(a\)|a)?|írta|yazdı|şunu yazdı"
)
MARKED = r"(?:\d{1,4}[-/.年]\s?\d{1,2}|\d{1,2}[:.h]\d\d|\b(?:19|20)\d\d\b|@)"
"""What a mail program always puts before its "wrote": a date, a time, a year or an address; a person's own sentence
seldom has one."""
ATTRIBUTION = (
    rf"^[>*\s-]*(?:.{{0,300}}?{MARKED}.{{0,200}}(?:{WROTE})\b.{{0,120}}|.{{0,200}}(?:{WROTE})\b.{{0,120}}@.{{0,80}}"
    rf"|On\b.{{0,200}}@.{{0,80}}\bsent)[:：>]?\s*-*\s*$"
)
ENDS = rf"(?:{WROTE}|sent)\b.{{0,120}}[:：>]?\s*$"
STARTS = (
    r"^[>\s]*(?:On|Am|Le|Il giorno|Il|El|Em|Op|Den|W dniu|Dnia|På|Pe|Dne|Em)\s.{0,40}\d|^\s*\d{4}[-/年.]\d{1,2}"
    r"[-/月.]\d{1,2}.{0,120}"
    r"[<(@]|^\s*\d{1,2}[./]\d{1,2}[./]\d{2,4},?\s.{0,120}$"
    r"|^[>\s]*\w{2,9}\.?,?\s\d{1,2}\.?\s\w{3,9}\.?\s(?:19|20)\d\d\b.{0,12}\d{1,2}[:.]\d\d"
)
DATED = (
    r"^\s*(?:\d{4}[-/年.]\s?\d{1,2}[-/月.]\s?\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4}).{0,60}<\s*[^<>\s]+@[^<>\s]+>:?\s*$"
    r"|^\s*(?:\w{2,12}\.?,\s+)?(?=.{0,60}\b(?:19|20)\d\d\b)(?=.{0,60}\d{1,2}[:.]\d\d).{8,90}[\s,]\S.{0,80}"
    r"<\s*[^<>\s]+@[^<>\s]+>\s?:\s*$"
    r"|^\s*\d{4}-\d\d-\d\d \d{1,2}:\d\d GMT[+-]\d\d?:\d\d \S.{0,100}$"
    rf"|^\s*(?:On|Le|Am|El|Il|Em|Op|Den|Dnia)\b.{{0,60}}\d{{1,2}}:\d\d.{{0,100}}<[^<>\s]+@[^<>\s]+>\s+(?:{WROTE})\s*$"
)
"""A date, perhaps a name, an address and a colon: some programs leave the verb out, others the colon."""
DASHED = rf"^\s*-{{2,}}\s*(?:On|Le|Am|El|Il|Em|Op|Den|Dnia)?\b.{{0,30}}\d.{{0,200}}(?:{WROTE})\s*:?\s*-*\s*$"
"""An attribution between dashes (Zoho, Yahoo): a person never writes one."""
ORIGINAL = (
    r"^[>*\s]*(?:[-_=]{2,}\s*(?:original message|original appointment|forwarded message|reply message"
    r"|urspr[üu]ngliche nachricht|original-?nachricht"
    r"|weitergeleitete nachricht|message d'origine|message original|message transf[ée]r[ée]|messaggio originale"
    r"|mensaje original|mensagem original"
    r"|oorspronkelijk bericht|ursprungligt meddelande|oprindelig meddelelse|oprindelig besked|alkuper[äa]inen viesti"
    r"|wiadomo[śs][ćc] oryginalna"
    r"|исходное сообщение|оригинальное сообщение|пересылаемое сообщение"
    r"|原始邮件|原始郵件|转发邮件|元のメッセージ)\s*[-_=]{2,}.*"
    r"|begin forwarded message:|(?:anfang der )?weitergeleitete[nr]? (?:nachricht|e-?mail):|d[ée]but du message "
    r"(?:r[ée]exp[ée]di[ée]|transf[ée]r[ée]).*)\s*$"
)
FROM = (
    r"from|von|de|da|van|från|fra|od|от|от кого"
    r"|发件人|寄件者|差出人|보낸 ?사람|lähettäjä|gönderen|feladó|expéditeur|remetente"
    r"|mittente|afzender"
)
SENT = (
    r"sent|date|gesendet|datum|envoy[ée]|date d'envoi|enviad[oa](?: el| em)?|data|inviato|verzonden|skickat|sendt"
    r"|dato|wys[łl]ano|отправлено|дата"
    r"|发送时间|日期|寄件日期|送信日時|日付|보낸 ?날짜|l[äa]hetetty|p[äa]iv[äa]ys|gönderildi|tarih|elküldve"
    r"|to|an|à|para|a|aan|till|til|do|кому|收件人|宛先"
    r"|subject|betreff|objet|sujet|copie à|asunto|assunto|oggetto|onderwerp|ämne|emne|temat|тема|主题|主旨|件名|cc"
)
FROM_LINE = rf"^[>\s]*\*?(?:{FROM})\s?:\*?\s*\S"
SENT_LINE = rf"^[>\s]*\*?(?:{SENT})\s?:\*?"
BLOCK_LINE = (
    r"^[>\s]*\*?(Message du|Sujet|"
    r"From|Date|Sent|To|Subject|Cc|Von|Gesendet|Datum|An|Betreff|De|Envoy[ée]|Objet|À|Para|Enviado|Asunto|"
    r"Assunto|Da|Inviato|Data|A|Oggetto|Verzonden|Aan|Onderwerp|Från|Skickat|Till|Ämne|Fra|Sendt|Til|Emne)\s?:\*?\s+\S"
)
DATE_LINE = (
    r"^[>\s]*\*?(?:Date|Sent|Gesendet|Datum|Envoy[ée]|Enviado|Fecha|Data|Verzonden|Skickat|Sendt)\s?:\*?\s*"
    r"(?=.{0,60}\b(?:19|20)\d\d\b).{0,60}\d{1,2}[:.]\d\d"
)
PEOPLE_LINE = r"^[>\s]*\*?(?:From|To|Von|An|De|À|Para|Da|A|Aan|Från|Till|Fra|Til)\s?:\*?\s*.{0,200}@"
"""A quoted head that begins with its date goes on with whom it is from or to."""
COUNTED = re.compile(r"^\s*\u1427\s*$")
"""What trackers of opened mails leave under an answer: one Canadian syllable."""
LINE = re.compile(r"^\s*[-_=*]{4,}\s*$")
RULE = re.compile(r"^\s*_{20,}\s*$")
SIGNATURE = (
    r"^(?:--|—|–)\s*$|^\s*(?:sent|get|diese nachricht wurde|gesendet|von meinem|envoy[ée]|enviado|inviato|verzonden"
    r"|verstuurd|skickat|sendt"
    r"|wys[łl]ane|отправлено|l[äa]hetetty|email sent) (?:from|von|outlook|depuis|de |desde|do |da |dal|vanaf|van|via"
    r"|från|fra|z |из|с |using|mit"
    r"|iphone).{0,80}$|^von meinem (?:iphone|ipad|android|handy|blackberry|samsung).{0,40}$|^<http.{0,200}>$"
)
MARKER = r"^[>\s]*[#=*\s-]*(?:please )?(?:reply|type your (?:reply|response)) above this line.*$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A text in two: what its author wrote, and what it quotes or signs with (folded on every page)."""

    reply: str
    quoted: str


def split(text: str) -> Split:
    """The reply and the rest. When nothing would remain, all of it is the reply: better too much than an empty entry.

    Answers written between quoted lines stay, without the quotes around them.
    """
    lines = [part for line in text.split("\n")[:MAX_LINES] for part in _parted(line) if not COUNTED.match(line)]
    tail = text.split("\n")[MAX_LINES:]
    attributed = _attributions(lines)
    above, lines, attributed = _without_head(lines, attributed)
    end = _without_rule(lines, _cut(lines, attributed))
    kept, folded = _without_quotes(lines[:end], attributed)
    kept, signed = _without_signature(kept)
    reply = "\n".join(kept).strip()
    rest = "\n".join([*above, *folded, *signed, *lines[end:], *tail]).strip()
    if not reply:
        return Split(reply=text.strip(), quoted="")
    return Split(reply=reply, quoted=rest)


def _parted(line: str) -> list[str]:
    """A line, or its two parts where an attribution was put on the answer's last line, after some dashes."""
    said, dashes, after = line.rpartition("---")
    attribution = after.strip()
    whole = dashes and attribution.endswith(":") and len(attribution) < 300
    if whole and said.strip("- ") and begins(STARTS, attribution) and holds(ENDS, attribution):
        return [said.rstrip("- "), attribution]
    return [line]


def _without_head(lines: list[str], attributed: dict[int, int]) -> tuple[list[str], list[str], dict[int, int]]:
    """The attribution a reply begins with, and the rest, if what it names is not marked as quoted: the words are there
    either way, and who wrote an earlier mail is none of them."""
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    end = attributed.get(first, 0)
    if not end or _next_is_quote(lines, end) or not any(line.strip() for line in lines[end:]):
        return [], lines, attributed
    return lines[:end], lines[end:], {start - end: stop - end for start, stop in attributed.items() if start >= end}


def _cut(lines: list[str], attributed: dict[int, int]) -> int:
    """The first line from which on everything is quoted."""
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        if begins(ORIGINAL, line) or begins(MARKER, line) or begins(DATED, line) or begins(DASHED, line):
            return number
        if (ends := attributed.get(number)) and _tail_is_quoted(lines, ends):
            return number
        if begins(FROM_LINE, line) and sum(begins(SENT_LINE, one) for one in lines[number + 1 : number + 6]) >= 2:
            return number - 1 if number and RULE.match(lines[number - 1]) else number
        if begins(BLOCK_LINE, line) and _is_block(lines, number):
            return number
        if begins(DATE_LINE, line) and begins(PEOPLE_LINE, _next(lines, number)):
            return number
        if RULE.match(line) and number + 1 < len(lines) and begins(FROM_LINE, _next(lines, number)):
            return number
    return len(lines)


def _without_rule(lines: list[str], end: int) -> int:
    """Where the quoted part begins with the line drawn above it, if there is one."""
    above = end
    while above and not lines[above - 1].strip():
        above -= 1
    return above - 1 if end < len(lines) and above > 1 and LINE.match(lines[above - 1]) else end


def _is_block(lines: list[str], number: int) -> bool:
    """Whether at least three different fields of a quoted head stand here, in whatever order a program puts them."""
    following = lines[number : number + 8]
    names = {match[1].lower() for line in following if (match := compiled(BLOCK_LINE).match(line))}
    return len(names) >= 3


def _next(lines: list[str], number: int) -> str:
    return next((line for line in lines[number + 1 : number + 4] if line.strip()), "")


def _attributions(lines: list[str]) -> dict[int, int]:
    """Where an attribution ("On ... wrote:") starts -> the line after it; it may be wrapped over up to four lines."""
    found: dict[int, int] = {}
    for last, line in enumerate(lines):
        # Nearly every line fails here, before any pattern is tried.
        if not line.rstrip(" *_-").endswith((":", "：", ">")) or len(line) > 500:
            continue
        whole = holds(ENDS, line) and begins(ATTRIBUTION, line)
        first = last if whole and begins(STARTS, line) else _first_line(lines, last)
        if first < last or whole:
            found[first] = last + 1
    return found


def _first_line(lines: list[str], last: int) -> int:
    """Where an attribution that ends on this line was begun, at most five lines before; this line if nowhere."""
    for first in range(last - 1, max(-1, last - 6), -1):
        joined = " ".join(part.strip("> ") for part in lines[first : last + 1])
        if (
            len(joined) < 500
            and begins(STARTS, lines[first])
            and (
                (begins(ATTRIBUTION, joined) and holds(WROTE, " ".join(lines[max(first, last - 1) : last + 1])))
                or begins(DATED, joined)
            )
        ):
            return first
    return last


def _tail_is_quoted(lines: list[str], start: int) -> bool:
    """Whether nothing of the author's own follows: no bare text after quoted lines (then he answers in between)."""
    quoted = False
    for line in lines[start:]:
        if line.lstrip().startswith(">"):
            quoted = True
        elif quoted and line.strip() and not begins(SIGNATURE, line):
            return False
    return True


def _without_quotes(lines: list[str], attributed: dict[int, int]) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    folded: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        ends = attributed.get(number, 0)
        if ends and _next_is_quote(lines, ends):
            folded += lines[number:ends]
            number = ends
            continue
        (folded if line.startswith(">") else kept).append(line)
        number += 1
    return kept, folded


def _next_is_quote(lines: list[str], number: int) -> bool:
    following = next((line for line in lines[number : number + 4] if line.strip()), "")
    return following.startswith(">")


def _without_signature(lines: list[str]) -> tuple[list[str], list[str]]:
    for number, line in enumerate(lines):
        if begins(SIGNATURE, line.rstrip()) and any(one.strip() for one in lines[:number]):
            return lines[:number], lines[number:]
    return lines, []
