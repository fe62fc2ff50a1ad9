"""Object seams: the inside of ministack's S3, and of its rules, that the scanner reaches for."""

from __future__ import annotations

from typing import Any


def put_rule(name: str, pattern: str, target: str) -> None:
    """A rule of a service's own on the default bus. Raises ValueError for a pattern that is none."""
    from ministack.services import eventbridge

    eventbridge._ensure_default_bus()
    status, _, body = eventbridge._put_rule({"Name": name, "EventPattern": pattern})
    if status != 200:
        raise ValueError(f"the rule {name} was refused: {body!r}")
    eventbridge._put_targets({"Rule": name, "Targets": [{"Id": "service", "Arn": target}]})


def remove_rule(name: str) -> None:
    """DeleteRule, with its target."""
    from ministack.services import eventbridge

    eventbridge._remove_targets({"Rule": name, "Ids": ["service"]})
    eventbridge._delete_rule({"Name": name})


def events_of_objects() -> None:
    """Have S3 tell the bus of an object as it is stored: ministack would on a thread of its own, beside all others."""
    from ministack.services import s3

    def fire(
        bucket: str, key: str, event: str, size: int = 0, etag: str = "", deletion_type: str | None = None, **more: Any
    ) -> None:
        if bucket in s3._bucket_notifications:
            sequencer = s3._next_event_sequencer(event)
            s3._fire_s3_event(bucket, key, event, size, etag, deletion_type, sequencer=sequencer, **more)

    s3._fire_s3_event_async = fire


def object_bytes(bucket: str, key: str) -> bytes:
    """GetObject. Raises LookupError where there is none."""
    from ministack.services import s3

    body = s3._get_object_data(bucket, key)
    if body is None:
        raise LookupError(f"no object {key} in {bucket}")
    return bytes(body)


def tag_object(bucket: str, key: str, tag: str, value: str) -> None:
    """PutObjectTagging with one tag. Raises ValueError."""
    from ministack.services import s3

    tags = f"<Tagging><TagSet><Tag><Key>{tag}</Key><Value>{value}</Value></Tag></TagSet></Tagging>"
    status, _, body = s3._put_object_tagging(bucket, key, tags.encode())
    if status != 200:
        raise ValueError(f"{key} could not be tagged: {body!r}")


def untagged(bucket: str, tag: str) -> list[str]:
    """The keys of a bucket whose objects do not carry a tag."""
    from ministack.services import s3

    held = s3._buckets.get(bucket)
    keys = list(held["objects"]) if held else []
    return [key for key in keys if tag not in s3.object_tags_for_condition(bucket, key, {})]
