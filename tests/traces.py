"""What OpenTelemetry is told in tests: one provider for the process, as in an application, kept in memory."""

from __future__ import annotations

from functools import cache
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


@cache
def _providers() -> tuple[InMemorySpanExporter, InMemoryMetricReader]:
    exporter = InMemorySpanExporter()
    # Each reading tells what is new since the one before.
    delta = dict.fromkeys((Counter, Histogram), AggregationTemporality.DELTA)
    reader = InMemoryMetricReader(preferred_temporality=delta)
    tracer_provider = TracerProvider(shutdown_on_exit=False)
    tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(tracer_provider)
    metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    return exporter, reader


class Traces:
    """The spans and metrics of one test."""

    def __init__(self) -> None:
        self._exporter, self._reader = _providers()
        self._exporter.clear()
        self._reader.get_metrics_data()

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """All spans that have ended, in the order in which they did."""
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> ReadableSpan:
        """The one span of a name."""
        (span,) = [span for span in self.spans if span.name == name]
        return span

    def below(self, parent: ReadableSpan) -> list[str]:
        """The names of the spans right below another."""
        return [span.name for span in self.spans if span.parent and span.parent.span_id == parent.context.span_id]

    def points(self) -> dict[str, list[Any]]:
        """The new data points of each metric."""
        data = self._reader.get_metrics_data()
        found: dict[str, list[Any]] = {}
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    found.setdefault(metric.name, []).extend(metric.data.data_points)
        return found

    def text(self) -> str:
        """All that would leave the process."""
        return "\n".join(span.to_json() for span in self.spans) + str(self._reader.get_metrics_data())
