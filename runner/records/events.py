"""TensorBoard events as bytes: protocol buffers, which `crc.records` frames; no writer object, no thread, no open file.

Each function returns one event of an events file. Many tags share one event. Serialization is deterministic, so equal
calls give equal bytes (apart from the wall time, which has a fixed width).

Importing this module costs about 0.1 s (protobuf and TensorBoard's generated classes): import it where a run starts
to write.
"""

from __future__ import annotations

import functools
import math
import struct
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import DataClass, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_DOUBLE, DT_FLOAT, DT_STRING
from tensorboard.plugins.custom_scalar.layout_pb2 import Category, Chart, Layout, MarginChartContent
from tensorboard.plugins.hparams.api_pb2 import DataType, Experiment, HParamInfo, MetricInfo, MetricName, Status
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo

from runner.records.buckets import buckets as counted
from runner.records.names import plain
from runner.records.remembered import Remembered

BUCKETS = 30
SINGLE = 2.0**128 - 2.0**103  # from which on the nearest number in single precision is infinite
VARINT, DOUBLE, LENGTH, FLOAT = 0, 1, 2, 5  # kinds of fields; how some begin:
WALL_TIME = bytes([Event.WALL_TIME_FIELD_NUMBER << 3 | DOUBLE])
STEP = bytes([Event.STEP_FIELD_NUMBER << 3 | VARINT])
SUMMARY = bytes([Event.SUMMARY_FIELD_NUMBER << 3 | LENGTH])
POINT = bytes([Summary.VALUE_FIELD_NUMBER << 3 | LENGTH])
VALUE = bytes([Summary.Value.SIMPLE_VALUE_FIELD_NUMBER << 3 | FLOAT])
START_INFO = bytes([HParamsPluginData.SESSION_START_INFO_FIELD_NUMBER << 3 | LENGTH])
SUCCESS, FAILURE = Status.STATUS_SUCCESS, Status.STATUS_FAILURE
Band = tuple[str, str, str]  # the tags of a curve, of the lower and of the upper end of its band
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def header() -> bytes:
    """The first record of an events file: its format version."""
    return Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString()


def scalars(step: int, values: Sequence[tuple[str, float]], about: Callable[[str], str] | None = None) -> bytes:
    """One event with a point at `step` for each (tag, value); NaN has one pattern of bits, whatever made it. With the
    first point of a tag goes what `about` says of it.

    There is one for every epoch of every run: written field by field, it takes half the time.
    """
    event = WALL_TIME + struct.pack("<d", time.time()) + (STEP + _varint(step) if step else b"")
    if not values:
        return event
    tags, numbers = zip(*values, strict=True)
    packed, parts = _points(tags, about)
    parts[1::2] = map(_single, map(float, numbers))
    return b"".join((event, SUMMARY, _varint(packed.size), packed.pack(*parts)))


@functools.lru_cache(maxsize=1024)
def _points(tags: tuple[str, ...], about: Callable[[str], str] | None) -> tuple[struct.Struct, list[Any]]:
    """How the summary of points with these tags is packed: what stands before each value, and room for the values."""
    said = [{"metadata": _of_scalar(about(tag))} if about else {} for tag in tags]
    starts = [Summary.Value(tag=t, **more).SerializeToString() + VALUE for t, more in zip(tags, said, strict=True)]
    starts = [POINT + _varint(len(start) + 4) + start for start in starts]
    return struct.Struct("<" + "".join(f"{len(start)}sf" for start in starts)), [x for s in starts for x in (s, 0.0)]


def _of_scalar(about: str) -> SummaryMetadata:
    """What is said of a tag of points; without class and plug-in TensorBoard would leave it out."""
    plugin = SummaryMetadata.PluginData(plugin_name="scalars")
    return SummaryMetadata(plugin_data=plugin, data_class=DataClass.DATA_CLASS_SCALAR, summary_description=about)


def _single(value: float) -> float:
    """A number as single precision can hold it."""
    if -SINGLE < value < SINGLE:
        return value
    return math.nan if value != value else math.copysign(math.inf, value)


def histogram(tag: str, step: int, array: Any, *, buckets: int = BUCKETS) -> bytes:
    """The distribution of an array's finite elements: rows (left, right, count), equal widths from minimum to maximum.

    A constant array gets buckets around its value; one without a finite element gets no bucket.
    """
    values = np.asarray(array, dtype=np.float64).ravel()
    values = values[np.isfinite(values)]
    rows = np.zeros((0, 3))
    if values.size:
        counts, edges = counted(values, buckets)
        rows = np.stack([edges[:-1], edges[1:], counts], axis=1)
    content = rows.astype("<f8").tobytes()
    tensor = TensorProto(dtype=DT_DOUBLE, tensor_shape=_shape(*rows.shape), tensor_content=content)
    return _event(step, [_tensor_value(tag, "histograms", tensor)])


def image(tag: str, step: int, png: bytes, width: int, height: int, about: str = "") -> bytes:
    """One PNG picture, with words about it."""
    strings = [str(width).encode(), str(height).encode(), png]
    value = _tensor_value(tag, "images", _strings(strings, 3))
    value.metadata.summary_description = about
    return _event(step, [value])


def png_size(png: bytes) -> tuple[int, int]:
    """(width, height) from a PNG's header. Raises ValueError if it is none."""
    if png[:8] != PNG_SIGNATURE or len(png) < 24:
        raise ValueError("not a PNG image")
    return struct.unpack(">II", png[16:24])


def text(tag: str, markdown: str, step: int = 0) -> bytes:
    """A Markdown text (tables and fenced code work)."""
    return _event(step, [_tensor_value(tag, "text", _strings([markdown.encode()]))])


def session_start(hparams: Mapping[str, Any]) -> bytes:
    """What the HParams page lists for this run: numbers, switches and text; of anything else, such as a list, its
    spelling.
    """
    start = SessionStartInfo(start_time_secs=time.time()).SerializeToString()
    listed = b"".join(map(_hparam, hparams, hparams.values())) + start
    return _event(0, [_session_value("session_start_info", START_INFO + _varint(len(listed)) + listed)])


@Remembered
def _hparam(name: str, value: Any) -> bytes:
    """One of the values; a message is that of its parts, one after the other."""
    listed, shown = SessionStartInfo(), plain(value)
    kind = "bool" if isinstance(shown, bool) else "string" if isinstance(shown, str) else "number"
    setattr(listed.hparams[name], f"{kind}_value", shown)
    return listed.SerializeToString()


def experiment(hparams: Mapping[str, type], metrics: Sequence[str]) -> bytes:
    """The columns of the HPARAMS page, for all runs of a log directory: these hyper-parameters with the types of their
    values (bool, str, or float), and these tags, the first one in view.
    """
    kinds = {bool: "DATA_TYPE_BOOL", str: "DATA_TYPE_STRING"}
    infos = [
        HParamInfo(name=name, type=DataType.Value(kinds.get(kind, "DATA_TYPE_FLOAT64")))
        for name, kind in hparams.items()
    ]
    measured = [MetricInfo(name=MetricName(tag=tag), display_name=tag) for tag in metrics]
    content = HParamsPluginData(experiment=Experiment(hparam_infos=infos, metric_infos=measured))
    return _event(0, [_session_value("experiment", content.SerializeToString())])


def session_end(status: int) -> bytes:
    """Mark the run as ended, SUCCESS or FAILURE. TensorBoard takes the first one of a run and ignores later ones."""
    info = SessionEndInfo(status=status, end_time_secs=time.time())
    return _event(0, [_session_value("session_end_info", HParamsPluginData(session_end_info=info).SerializeToString())])


def layout(together: Mapping[str, Mapping[str, Iterable[str]]], bands: Mapping[str, Mapping[str, Band]]) -> bytes:
    """What the Custom Scalars page shows, for all runs: `together` maps a category to charts of several tags each
    (regular expressions), `bands` to charts of a curve inside its band. One such event a log directory is enough.
    """
    categories = [
        Category(
            title=category, chart=[Chart(title=title, multiline={"tag": list(tags)}) for title, tags in own.items()]
        )
        for category, own in together.items()
    ]
    for category, own in bands.items():
        charts = [Chart(title=title, margin=_margin(band)) for title, band in own.items()]
        categories.append(Category(title=category, chart=charts))
    content = Layout(category=categories).SerializeToString(deterministic=True)
    return _event(0, [_tensor_value("custom_scalars__config__", "custom_scalars", _strings([content]))])


def _margin(band: Band) -> MarginChartContent:
    value, lower, upper = band
    return MarginChartContent(series=[MarginChartContent.Series(value=value, lower=lower, upper=upper)])


def _event(step: int, values: list[Summary.Value]) -> bytes:
    event = Event(wall_time=time.time(), step=step, summary=Summary(value=values))
    return event.SerializeToString(deterministic=True)


def _tensor_value(tag: str, plugin: str, tensor: TensorProto, content: bytes = b"") -> Summary.Value:
    data = SummaryMetadata.PluginData(plugin_name=plugin, content=content)
    return Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=data), tensor=tensor)


def _session_value(tag: str, content: bytes) -> Summary.Value:
    empty = TensorProto(dtype=DT_FLOAT, tensor_shape=_shape(0))
    return _tensor_value(f"_hparams_/{tag}", "hparams", empty, content)


def _varint(number: int) -> bytes:
    """A whole number as protocol buffers write it: seven bits a byte, the last ones first."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _strings(values: list[bytes], *shape: int) -> TensorProto:
    return TensorProto(dtype=DT_STRING, tensor_shape=_shape(*shape), string_val=values)


def _shape(*sizes: int) -> TensorShapeProto:
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])
