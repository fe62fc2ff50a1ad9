"""Metrics: what is counted for the alarms, as a line of the log that CloudWatch reads (embedded metric format)."""


def count(name: str) -> None:
    """Add one to a metric of the namespace `itsm`."""
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    with single_metric(name=name, unit=MetricUnit.Count, value=1, namespace="itsm"):
        pass
