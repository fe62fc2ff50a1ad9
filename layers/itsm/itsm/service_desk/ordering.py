"""Ordering: a form as an item of the service catalogue: what its practice knows of it, and what an order costs."""

from collections.abc import Mapping

from itsm.core.catalogue import Item
from itsm.service_desk.policy import Form


def item(form: Form) -> Item:
    """What the practice that fulfils it needs to know of a form."""
    labels = {one.name: one.label for one in form.question}
    labels |= {f"{one.name}.{each.value}": each.label for one in form.question for each in one.choices}
    return Item(approval=form.approval, fulfilment=form.fulfilment, labels=labels)


def cost(form: Form, answers: Mapping[str, str]) -> Mapping[str, str]:
    """What an order with these answers costs, as the field it is kept in: whole units of the organisation's currency;
    nothing where nothing has a price."""
    chosen = (each.price for one in form.question for each in one.choices if answers.get(one.name, "") == each.value)
    whole = form.price + sum(chosen)
    return {"cost": str(whole)} if whole else {}
