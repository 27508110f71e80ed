from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CauseKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAUSE_KIND_UNSPECIFIED: _ClassVar[CauseKind]
    CAUSE_KIND_EXITED: _ClassVar[CauseKind]
    CAUSE_KIND_SIGNALLED: _ClassVar[CauseKind]
    CAUSE_KIND_OUT_OF_MEMORY: _ClassVar[CauseKind]
    CAUSE_KIND_TIMED_OUT: _ClassVar[CauseKind]
    CAUSE_KIND_KILLED: _ClassVar[CauseKind]
    CAUSE_KIND_EXPIRED: _ClassVar[CauseKind]
    CAUSE_KIND_SANDBOX_ENDED: _ClassVar[CauseKind]
    CAUSE_KIND_LOST: _ClassVar[CauseKind]
    CAUSE_KIND_START_FAILED: _ClassVar[CauseKind]
    CAUSE_KIND_PROBE_FAILED: _ClassVar[CauseKind]
CAUSE_KIND_UNSPECIFIED: CauseKind
CAUSE_KIND_EXITED: CauseKind
CAUSE_KIND_SIGNALLED: CauseKind
CAUSE_KIND_OUT_OF_MEMORY: CauseKind
CAUSE_KIND_TIMED_OUT: CauseKind
CAUSE_KIND_KILLED: CauseKind
CAUSE_KIND_EXPIRED: CauseKind
CAUSE_KIND_SANDBOX_ENDED: CauseKind
CAUSE_KIND_LOST: CauseKind
CAUSE_KIND_START_FAILED: CauseKind
CAUSE_KIND_PROBE_FAILED: CauseKind

class Cause(_message.Message):
    __slots__ = ("kind", "exit_code", "signal", "limit_bytes", "peak_bytes", "reason", "message", "time")
    KIND_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    PEAK_BYTES_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    kind: CauseKind
    exit_code: int
    signal: int
    limit_bytes: int
    peak_bytes: int
    reason: str
    message: str
    time: _timestamp_pb2.Timestamp
    def __init__(self, kind: _Optional[_Union[CauseKind, str]] = ..., exit_code: _Optional[int] = ..., signal: _Optional[int] = ..., limit_bytes: _Optional[int] = ..., peak_bytes: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ResourceUsage(_message.Message):
    __slots__ = ("user_cpu_ns", "system_cpu_ns", "max_rss_bytes", "read_bytes", "write_bytes", "wall_ns")
    USER_CPU_NS_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_CPU_NS_FIELD_NUMBER: _ClassVar[int]
    MAX_RSS_BYTES_FIELD_NUMBER: _ClassVar[int]
    READ_BYTES_FIELD_NUMBER: _ClassVar[int]
    WRITE_BYTES_FIELD_NUMBER: _ClassVar[int]
    WALL_NS_FIELD_NUMBER: _ClassVar[int]
    user_cpu_ns: int
    system_cpu_ns: int
    max_rss_bytes: int
    read_bytes: int
    write_bytes: int
    wall_ns: int
    def __init__(self, user_cpu_ns: _Optional[int] = ..., system_cpu_ns: _Optional[int] = ..., max_rss_bytes: _Optional[int] = ..., read_bytes: _Optional[int] = ..., write_bytes: _Optional[int] = ..., wall_ns: _Optional[int] = ...) -> None: ...

class SandboxRef(_message.Message):
    __slots__ = ("namespace", "name", "uid", "pod_ips")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    POD_IPS_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    uid: str
    pod_ips: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ..., uid: _Optional[str] = ..., pod_ips: _Optional[_Iterable[str]] = ...) -> None: ...
