from agentsandbox.v1 import exec_pb2 as _exec_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OutputStream(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTPUT_STREAM_UNSPECIFIED: _ClassVar[OutputStream]
    OUTPUT_STREAM_STDOUT: _ClassVar[OutputStream]
    OUTPUT_STREAM_STDERR: _ClassVar[OutputStream]
OUTPUT_STREAM_UNSPECIFIED: OutputStream
OUTPUT_STREAM_STDOUT: OutputStream
OUTPUT_STREAM_STDERR: OutputStream

class AttachRequest(_message.Message):
    __slots__ = ("start", "open", "stdin", "resize", "signal", "pause")
    START_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    STDIN_FIELD_NUMBER: _ClassVar[int]
    RESIZE_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    start: _exec_pb2.StartRequest
    open: AttachOpen
    stdin: StdinData
    resize: _exec_pb2.TerminalSize
    signal: int
    pause: Pause
    def __init__(self, start: _Optional[_Union[_exec_pb2.StartRequest, _Mapping]] = ..., open: _Optional[_Union[AttachOpen, _Mapping]] = ..., stdin: _Optional[_Union[StdinData, _Mapping]] = ..., resize: _Optional[_Union[_exec_pb2.TerminalSize, _Mapping]] = ..., signal: _Optional[int] = ..., pause: _Optional[_Union[Pause, _Mapping]] = ...) -> None: ...

class AttachOpen(_message.Message):
    __slots__ = ("exec_id", "stdout_offset", "stderr_offset", "observer", "stdin")
    EXEC_ID_FIELD_NUMBER: _ClassVar[int]
    STDOUT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    STDERR_OFFSET_FIELD_NUMBER: _ClassVar[int]
    OBSERVER_FIELD_NUMBER: _ClassVar[int]
    STDIN_FIELD_NUMBER: _ClassVar[int]
    exec_id: str
    stdout_offset: int
    stderr_offset: int
    observer: bool
    stdin: bool
    def __init__(self, exec_id: _Optional[str] = ..., stdout_offset: _Optional[int] = ..., stderr_offset: _Optional[int] = ..., observer: bool = ..., stdin: bool = ...) -> None: ...

class StdinData(_message.Message):
    __slots__ = ("offset", "data", "eof")
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    EOF_FIELD_NUMBER: _ClassVar[int]
    offset: int
    data: bytes
    eof: bool
    def __init__(self, offset: _Optional[int] = ..., data: _Optional[bytes] = ..., eof: bool = ...) -> None: ...

class Pause(_message.Message):
    __slots__ = ("paused",)
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    paused: bool
    def __init__(self, paused: bool = ...) -> None: ...

class AttachResponse(_message.Message):
    __slots__ = ("started", "output", "gap", "stdin_ack", "exited")
    STARTED_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    STDIN_ACK_FIELD_NUMBER: _ClassVar[int]
    EXITED_FIELD_NUMBER: _ClassVar[int]
    started: _exec_pb2.ExecRecord
    output: OutputData
    gap: Gap
    stdin_ack: StdinAck
    exited: _exec_pb2.ExecRecord
    def __init__(self, started: _Optional[_Union[_exec_pb2.ExecRecord, _Mapping]] = ..., output: _Optional[_Union[OutputData, _Mapping]] = ..., gap: _Optional[_Union[Gap, _Mapping]] = ..., stdin_ack: _Optional[_Union[StdinAck, _Mapping]] = ..., exited: _Optional[_Union[_exec_pb2.ExecRecord, _Mapping]] = ...) -> None: ...

class OutputData(_message.Message):
    __slots__ = ("stream", "offset", "data")
    STREAM_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    stream: OutputStream
    offset: int
    data: bytes
    def __init__(self, stream: _Optional[_Union[OutputStream, str]] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class Gap(_message.Message):
    __slots__ = ("stream", "to")
    STREAM_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    stream: OutputStream
    to: int
    def __init__(self, stream: _Optional[_Union[OutputStream, str]] = ..., to: _Optional[int] = ..., **kwargs) -> None: ...

class StdinAck(_message.Message):
    __slots__ = ("offset",)
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    offset: int
    def __init__(self, offset: _Optional[int] = ...) -> None: ...

class ForwardRequest(_message.Message):
    __slots__ = ("open", "data", "eof")
    OPEN_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    EOF_FIELD_NUMBER: _ClassVar[int]
    open: ForwardOpen
    data: bytes
    eof: bool
    def __init__(self, open: _Optional[_Union[ForwardOpen, _Mapping]] = ..., data: _Optional[bytes] = ..., eof: bool = ...) -> None: ...

class ForwardOpen(_message.Message):
    __slots__ = ("port",)
    PORT_FIELD_NUMBER: _ClassVar[int]
    port: int
    def __init__(self, port: _Optional[int] = ...) -> None: ...

class ForwardResponse(_message.Message):
    __slots__ = ("opened", "data", "eof")
    OPENED_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    EOF_FIELD_NUMBER: _ClassVar[int]
    opened: bool
    data: bytes
    eof: bool
    def __init__(self, opened: bool = ..., data: _Optional[bytes] = ..., eof: bool = ...) -> None: ...
