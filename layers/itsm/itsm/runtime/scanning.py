"""Scanning: what a malware scanner says of a stored file is on its ticket; a scan that never comes is, too."""

from collections.abc import Mapping
from typing import Any

from itsm.core import scan
from itsm.core.errors import NotFoundError, OutsideError
from itsm.core.record import SYSTEM, Record
from itsm.runtime import desk
from itsm.runtime.ports import Ports
from itsm.service_desk import files
from itsm.service_desk.submission import FILES

STORED = "Object Created"
"""What S3 says of a new object. It is heard a quarter of an hour late: long enough for a scan."""
ORIGIN = "scan"


def take_event(event: Mapping[str, Any], ports: Ports) -> None:
    """A scan's result, or the reminder of a file that was stored a while ago: then its verdict is looked up.

    A clean file is written nowhere, unless it was held before. Raises OutsideError while its ticket is not there yet.
    """
    detail = event["detail"]
    if event["detail-type"] == STORED:
        key = str(detail["object"]["key"])
        try:
            said = ports.blobs.verdict(key)
        except NotFoundError:
            return  # it was taken out of the store since
    else:
        key = str(detail["s3ObjectDetails"]["objectKey"])
        said = scan.verdict(str((detail.get("scanResultDetails") or {}).get("scanResultStatus") or "FAILED"))
    folder, _, name = key.partition("/")
    record_id, _, digest = name.partition("/")
    if folder == FILES and digest:
        _tell(record_id, key, said, ports)


def _tell(record_id: str, key: str, said: str, ports: Ports) -> None:
    record = _ticket(record_id, said, ports)
    if record is None:
        return
    mark = files.File(key=key, name="", type="", size=0).mark
    before = str(files.held(record).get(mark, scan.CLEAN))
    if before == said or (said == scan.PENDING and before != scan.CLEAN):
        return
    known = files.everything(record, ports.records.comments(record_id))
    file = next((one for one in known if one.key == key), None)
    name = file.name if file else f"{mark}, one of the files that are not listed"
    words = (
        f"Held: {name} ({scan.WHY[said]})" if said != scan.CLEAN else f"Given out again: {name} (a scanner passed it)"
    )
    now = ports.now()
    note = desk.internal_note(record, f"{mark}:{said}:{record.version}", words, by=SYSTEM, origin=ORIGIN, at=now)

    def judged(current: Record) -> Record:
        held = {one: why for one, why in files.held(current).items() if one != mark}
        held |= {} if said == scan.CLEAN else {mark: said}
        if held == files.held(current):
            return current
        details = {name: value for name, value in current.details.items() if name != files.HELD}
        details |= {files.HELD: held} if held else {}
        return current.changed("CommentAdded", **desk.said_with(note), details=details)

    desk.update(ports, record_id, judged, note)


def _ticket(record_id: str, said: str, ports: Ports) -> Record | None:
    try:
        return ports.records.get(record_id)
    except NotFoundError as error:
        if said == scan.CLEAN:
            return None
        # files are stored before their ticket is written, and a scan may be quicker
        raise OutsideError("the ticket of a scanned file is not there yet; deliver it again") from error
