from agentsandbox.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RoutePhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROUTE_PHASE_UNSPECIFIED: _ClassVar[RoutePhase]
    ROUTE_PHASE_PENDING: _ClassVar[RoutePhase]
    ROUTE_PHASE_READY: _ClassVar[RoutePhase]
    ROUTE_PHASE_ENDED: _ClassVar[RoutePhase]
    ROUTE_PHASE_GONE: _ClassVar[RoutePhase]
ROUTE_PHASE_UNSPECIFIED: RoutePhase
ROUTE_PHASE_PENDING: RoutePhase
ROUTE_PHASE_READY: RoutePhase
ROUTE_PHASE_ENDED: RoutePhase
ROUTE_PHASE_GONE: RoutePhase

class Route(_message.Message):
    __slots__ = ("sandbox", "instance_id", "generation", "endpoint", "phase", "claimed", "cause")
    SANDBOX_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    CLAIMED_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    sandbox: _common_pb2.SandboxRef
    instance_id: str
    generation: int
    endpoint: str
    phase: RoutePhase
    claimed: bool
    cause: _common_pb2.Cause
    def __init__(self, sandbox: _Optional[_Union[_common_pb2.SandboxRef, _Mapping]] = ..., instance_id: _Optional[str] = ..., generation: _Optional[int] = ..., endpoint: _Optional[str] = ..., phase: _Optional[_Union[RoutePhase, str]] = ..., claimed: bool = ..., cause: _Optional[_Union[_common_pb2.Cause, _Mapping]] = ...) -> None: ...

class ResolveRequest(_message.Message):
    __slots__ = ("sandbox",)
    SANDBOX_FIELD_NUMBER: _ClassVar[int]
    sandbox: _common_pb2.SandboxRef
    def __init__(self, sandbox: _Optional[_Union[_common_pb2.SandboxRef, _Mapping]] = ...) -> None: ...

class ResolveResponse(_message.Message):
    __slots__ = ("route",)
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    route: Route
    def __init__(self, route: _Optional[_Union[Route, _Mapping]] = ...) -> None: ...

class WatchRoutesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WatchRoutesResponse(_message.Message):
    __slots__ = ("route", "synced")
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    SYNCED_FIELD_NUMBER: _ClassVar[int]
    route: Route
    synced: bool
    def __init__(self, route: _Optional[_Union[Route, _Mapping]] = ..., synced: bool = ...) -> None: ...
