"""Words: the few sentences of our own on forms and pages, in the languages we speak; policy translates its own."""

from collections.abc import Mapping

ENGLISH = "en"

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "optional": "optional",
        "correct": "Please correct",
        "not_sent": "This could not be sent yet",
        "leave_empty": "Leave this empty",
        "zone": "Time zone",
        "thanks": "Thank you, we have it",
        "number": "Your number is",
        "mailed": "We have sent a mail to {address}. Answer it to add something.",
        "look": "See how it goes",
        "received": "{number} received",
        "choose_one": "please choose one",
        "fill_in": "please fill this in",
        "choose_given": "please choose one of the answers",
        "too_long": "at most {most} characters; these are {given}",
        "no_address": "this is no e-mail address; write it like name@example.org",
        "only_if": "Only if “{question}” is: {answers}.",
    },
    "de": {
        "optional": "freiwillig",
        "correct": "Bitte berichtigen",
        "not_sent": "Das konnte noch nicht gesendet werden",
        "leave_empty": "Dieses Feld leer lassen",
        "zone": "Zeitzone",
        "thanks": "Danke, es ist angekommen",
        "number": "Ihre Nummer ist",
        "mailed": "Wir haben eine E-Mail an {address} geschickt. Antworten Sie darauf, um etwas zu ergänzen.",
        "look": "Sehen, wie es steht",
        "received": "{number} ist angekommen",
        "choose_one": "bitte wählen Sie eine Antwort",
        "fill_in": "bitte füllen Sie das aus",
        "choose_given": "bitte wählen Sie eine der Antworten",
        "too_long": "höchstens {most} Zeichen; es sind {given}",
        "no_address": "das ist keine E-Mail-Adresse; schreiben Sie sie wie name@example.org",
        "only_if": "Nur wenn „{question}“ so beantwortet ist: {answers}.",
    },
    "fr": {
        "optional": "facultatif",
        "correct": "Veuillez corriger",
        "not_sent": "Ceci n’a pas encore pu être envoyé",
        "leave_empty": "Laissez ce champ vide",
        "zone": "Fuseau horaire",
        "thanks": "Merci, nous l’avons reçu",
        "number": "Votre numéro est",
        "mailed": "Nous avons envoyé un courriel à {address}. Répondez-y pour ajouter quelque chose.",
        "look": "Voir où cela en est",
        "received": "{number} reçu",
        "choose_one": "veuillez choisir une réponse",
        "fill_in": "veuillez remplir ce champ",
        "choose_given": "veuillez choisir l’une des réponses",
        "too_long": "{most} caractères au plus ; il y en a {given}",
        "no_address": "ce n’est pas une adresse électronique ; écrivez-la comme name@example.org",
        "only_if": "Seulement si « {question} » est : {answers}.",
    },
}


def say(language: str, what: str, **facts: object) -> str:
    """A sentence in a language, in English where we do not speak it."""
    return WORDS.get(language, WORDS[ENGLISH])[what].format(**facts)


def chosen(accepts: str, spoken: tuple[str, ...], default: str) -> str:
    """The language of an Accept-Language header we can answer in, by its weights (RFC 9110 12.5.4)."""
    wanted: list[tuple[float, int, str]] = []
    for place, piece in enumerate(accepts.lower().split(",")[:20]):
        tag, _, weight = piece.partition(";q=")
        try:
            wanted.append((-float(weight or 1), place, tag.strip().partition("-")[0]))
        except ValueError:
            continue
    return next((tag for _, _, tag in sorted(wanted) if tag in spoken), default)
