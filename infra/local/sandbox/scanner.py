"""The scanner: GuardDuty Malware Protection for S3, as far as one virus: it tags what is stored and tells the bus."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from sandbox import object_seams as seams
from sandbox.settings import ACCOUNT, REGION

log = logging.getLogger(__name__)
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + rb"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""What every scanner must find, and this one alone finds (eicar.org); in two pieces, or this file would be found."""
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:guardduty-malware-protection"
RULE = "DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3"
TAG = "GuardDutyMalwareScanStatus"
CLEAN, FOUND = "NO_THREATS_FOUND", "THREATS_FOUND"
RESULT = "GuardDuty Malware Protection Object Scan Result"

type Call = Callable[[Callable[[], Any]], Any]
type Tell = Callable[[str, str, Mapping[str, Any], tuple[str, ...]], None]
type Spawn = Callable[[str, bytes], None]


class Scanner:
    """Scans new objects of the buckets its plans name. As on AWS, it hears of them by a rule of its own on the bus."""

    def __init__(self, call: Call, tell: Tell, spawn: Spawn) -> None:
        self._call, self._tell, self._spawn = call, tell, spawn
        self._plans: dict[str, tuple[str, Sequence[str]]] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="scanner")

    def protect(self, plan: str, bucket: str, prefixes: Sequence[str]) -> str:
        """Scan what is stored from now on under the prefixes (all, if none) of a bucket. Returns the plan's ARN."""
        self._plans[plan] = bucket, prefixes
        named: dict[str, Any] = {"bucket": {"name": [bucket]}}
        named |= {"object": {"key": [{"prefix": prefix} for prefix in prefixes]}} if prefixes else {}
        pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": named}
        self._call(lambda: seams.put_rule(f"{RULE}-{plan}", json.dumps(pattern), ARN))
        return f"arn:aws:guardduty:{REGION}:{ACCOUNT}:malware-protection-plan/{plan}"

    def forget(self, plan: str) -> None:
        """Scan no more for a plan."""
        self._plans.pop(plan, None)
        self._call(lambda: seams.remove_rule(f"{RULE}-{plan}"))

    def hand(self, arn: str, payload: str) -> None:
        """Take what EventBridge has for a function: the scanner's own news, or anybody else's, who is called."""
        if arn != ARN:
            self._spawn(arn, payload.encode())
            return
        detail = json.loads(payload)["detail"]
        self._scan_later(detail["bucket"]["name"], detail["object"]["key"])

    def start(self) -> None:
        """Scan what a run that was killed left unscanned."""
        for bucket, prefixes in self._plans.values():
            for key in self._call(partial(seams.untagged, bucket, TAG)):
                if not prefixes or key.startswith(tuple(prefixes)):
                    self._scan_later(bucket, key)

    def close(self) -> None:
        """Finish what was begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _scan_later(self, bucket: str, key: str) -> None:
        # not on the thread that stores the object: it is not done with it yet
        self._pool.submit(self._scan, bucket, key)

    def _scan(self, bucket: str, key: str) -> None:
        try:
            body = self._call(lambda: seams.object_bytes(bucket, key))
            status = FOUND if EICAR in body else CLEAN
            self._call(lambda: seams.tag_object(bucket, key, TAG, status))
        except (LookupError, ValueError):
            log.exception("an object could not be scanned: %s", key)
            return
        plan = next((name for name, (protected, _) in self._plans.items() if protected == bucket), "")
        arn = f"arn:aws:guardduty:{REGION}:{ACCOUNT}:malware-protection-plan/{plan}"
        self._tell("aws.guardduty", RESULT, _result(bucket, key, status), (arn,))


def _result(bucket: str, key: str, status: str) -> Mapping[str, Any]:
    """The detail of a result (GuardDuty user guide, "Monitoring S3 object scans with Amazon EventBridge")."""
    threats = [{"name": "EICAR-Test-File (not a virus)"}] if status == FOUND else None
    return {
        "schemaVersion": "1.0",
        "scanStatus": "COMPLETED",
        "resourceType": "S3_OBJECT",
        "s3ObjectDetails": {"bucketName": bucket, "objectKey": key, "s3Throttled": False},
        "scanResultDetails": {"scanResultStatus": status, "threats": threats},
    }
