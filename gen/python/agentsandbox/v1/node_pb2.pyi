from agentsandbox.v1 import common_pb2 as _common_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RestartPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESTART_POLICY_UNSPECIFIED: _ClassVar[RestartPolicy]
    RESTART_POLICY_ALWAYS: _ClassVar[RestartPolicy]
    RESTART_POLICY_ON_FAILURE: _ClassVar[RestartPolicy]
    RESTART_POLICY_NEVER: _ClassVar[RestartPolicy]

class InstanceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INSTANCE_STATE_UNSPECIFIED: _ClassVar[InstanceState]
    INSTANCE_STATE_CREATING: _ClassVar[InstanceState]
    INSTANCE_STATE_RUNNING: _ClassVar[InstanceState]
    INSTANCE_STATE_ENDED: _ClassVar[InstanceState]
    INSTANCE_STATE_DELETING: _ClassVar[InstanceState]
    INSTANCE_STATE_DELETED: _ClassVar[InstanceState]
RESTART_POLICY_UNSPECIFIED: RestartPolicy
RESTART_POLICY_ALWAYS: RestartPolicy
RESTART_POLICY_ON_FAILURE: RestartPolicy
RESTART_POLICY_NEVER: RestartPolicy
INSTANCE_STATE_UNSPECIFIED: InstanceState
INSTANCE_STATE_CREATING: InstanceState
INSTANCE_STATE_RUNNING: InstanceState
INSTANCE_STATE_ENDED: InstanceState
INSTANCE_STATE_DELETING: InstanceState
INSTANCE_STATE_DELETED: InstanceState

class GetNodeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RuntimeClass(_message.Message):
    __slots__ = ("name", "available", "detail", "path")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    name: str
    available: bool
    detail: str
    path: str
    def __init__(self, name: _Optional[str] = ..., available: bool = ..., detail: _Optional[str] = ..., path: _Optional[str] = ...) -> None: ...

class GetNodeResponse(_message.Message):
    __slots__ = ("node_name", "version", "runtime_classes", "memory_bytes", "cpus")
    NODE_NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_CLASSES_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    CPUS_FIELD_NUMBER: _ClassVar[int]
    node_name: str
    version: str
    runtime_classes: _containers.RepeatedCompositeFieldContainer[RuntimeClass]
    memory_bytes: int
    cpus: int
    def __init__(self, node_name: _Optional[str] = ..., version: _Optional[str] = ..., runtime_classes: _Optional[_Iterable[_Union[RuntimeClass, _Mapping]]] = ..., memory_bytes: _Optional[int] = ..., cpus: _Optional[int] = ...) -> None: ...

class ImageRef(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class Probe(_message.Message):
    __slots__ = ("http_get", "tcp_port", "exec", "grpc", "initial_delay_ms", "period_ms", "timeout_ms", "success_threshold", "failure_threshold")
    HTTP_GET_FIELD_NUMBER: _ClassVar[int]
    TCP_PORT_FIELD_NUMBER: _ClassVar[int]
    EXEC_FIELD_NUMBER: _ClassVar[int]
    GRPC_FIELD_NUMBER: _ClassVar[int]
    INITIAL_DELAY_MS_FIELD_NUMBER: _ClassVar[int]
    PERIOD_MS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    FAILURE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    http_get: HttpGetProbe
    tcp_port: int
    exec: ExecProbe
    grpc: GrpcProbe
    initial_delay_ms: int
    period_ms: int
    timeout_ms: int
    success_threshold: int
    failure_threshold: int
    def __init__(self, http_get: _Optional[_Union[HttpGetProbe, _Mapping]] = ..., tcp_port: _Optional[int] = ..., exec: _Optional[_Union[ExecProbe, _Mapping]] = ..., grpc: _Optional[_Union[GrpcProbe, _Mapping]] = ..., initial_delay_ms: _Optional[int] = ..., period_ms: _Optional[int] = ..., timeout_ms: _Optional[int] = ..., success_threshold: _Optional[int] = ..., failure_threshold: _Optional[int] = ...) -> None: ...

class HttpHeader(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class HttpGetProbe(_message.Message):
    __slots__ = ("path", "port", "headers", "host", "https")
    PATH_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    HTTPS_FIELD_NUMBER: _ClassVar[int]
    path: str
    port: int
    headers: _containers.RepeatedCompositeFieldContainer[HttpHeader]
    host: str
    https: bool
    def __init__(self, path: _Optional[str] = ..., port: _Optional[int] = ..., headers: _Optional[_Iterable[_Union[HttpHeader, _Mapping]]] = ..., host: _Optional[str] = ..., https: bool = ...) -> None: ...

class ExecProbe(_message.Message):
    __slots__ = ("argv",)
    ARGV_FIELD_NUMBER: _ClassVar[int]
    argv: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, argv: _Optional[_Iterable[str]] = ...) -> None: ...

class GrpcProbe(_message.Message):
    __slots__ = ("port", "service")
    PORT_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    port: int
    service: str
    def __init__(self, port: _Optional[int] = ..., service: _Optional[str] = ...) -> None: ...

class ContainerEnv(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class EmptyDirMount(_message.Message):
    __slots__ = ("name", "mount_path", "size_limit_bytes", "memory", "read_only", "sub_path")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MOUNT_PATH_FIELD_NUMBER: _ClassVar[int]
    SIZE_LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    READ_ONLY_FIELD_NUMBER: _ClassVar[int]
    SUB_PATH_FIELD_NUMBER: _ClassVar[int]
    name: str
    mount_path: str
    size_limit_bytes: int
    memory: bool
    read_only: bool
    sub_path: str
    def __init__(self, name: _Optional[str] = ..., mount_path: _Optional[str] = ..., size_limit_bytes: _Optional[int] = ..., memory: bool = ..., read_only: bool = ..., sub_path: _Optional[str] = ...) -> None: ...

class Container(_message.Message):
    __slots__ = ("name", "image", "command", "args", "env", "working_dir", "cpu_limit_millis", "memory_limit_bytes", "ephemeral_storage_limit_bytes", "cpu_request_millis", "memory_request_bytes", "pids_limit", "readiness_probe", "liveness_probe", "startup_probe", "run_as_user", "run_as_group", "read_only_root", "mounts", "run_as_non_root")
    NAME_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    ENV_FIELD_NUMBER: _ClassVar[int]
    WORKING_DIR_FIELD_NUMBER: _ClassVar[int]
    CPU_LIMIT_MILLIS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    EPHEMERAL_STORAGE_LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    CPU_REQUEST_MILLIS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_REQUEST_BYTES_FIELD_NUMBER: _ClassVar[int]
    PIDS_LIMIT_FIELD_NUMBER: _ClassVar[int]
    READINESS_PROBE_FIELD_NUMBER: _ClassVar[int]
    LIVENESS_PROBE_FIELD_NUMBER: _ClassVar[int]
    STARTUP_PROBE_FIELD_NUMBER: _ClassVar[int]
    RUN_AS_USER_FIELD_NUMBER: _ClassVar[int]
    RUN_AS_GROUP_FIELD_NUMBER: _ClassVar[int]
    READ_ONLY_ROOT_FIELD_NUMBER: _ClassVar[int]
    MOUNTS_FIELD_NUMBER: _ClassVar[int]
    RUN_AS_NON_ROOT_FIELD_NUMBER: _ClassVar[int]
    name: str
    image: str
    command: _containers.RepeatedScalarFieldContainer[str]
    args: _containers.RepeatedScalarFieldContainer[str]
    env: _containers.RepeatedCompositeFieldContainer[ContainerEnv]
    working_dir: str
    cpu_limit_millis: int
    memory_limit_bytes: int
    ephemeral_storage_limit_bytes: int
    cpu_request_millis: int
    memory_request_bytes: int
    pids_limit: int
    readiness_probe: Probe
    liveness_probe: Probe
    startup_probe: Probe
    run_as_user: int
    run_as_group: int
    read_only_root: bool
    mounts: _containers.RepeatedCompositeFieldContainer[EmptyDirMount]
    run_as_non_root: bool
    def __init__(self, name: _Optional[str] = ..., image: _Optional[str] = ..., command: _Optional[_Iterable[str]] = ..., args: _Optional[_Iterable[str]] = ..., env: _Optional[_Iterable[_Union[ContainerEnv, _Mapping]]] = ..., working_dir: _Optional[str] = ..., cpu_limit_millis: _Optional[int] = ..., memory_limit_bytes: _Optional[int] = ..., ephemeral_storage_limit_bytes: _Optional[int] = ..., cpu_request_millis: _Optional[int] = ..., memory_request_bytes: _Optional[int] = ..., pids_limit: _Optional[int] = ..., readiness_probe: _Optional[_Union[Probe, _Mapping]] = ..., liveness_probe: _Optional[_Union[Probe, _Mapping]] = ..., startup_probe: _Optional[_Union[Probe, _Mapping]] = ..., run_as_user: _Optional[int] = ..., run_as_group: _Optional[int] = ..., read_only_root: bool = ..., mounts: _Optional[_Iterable[_Union[EmptyDirMount, _Mapping]]] = ..., run_as_non_root: bool = ...) -> None: ...

class CreateSandboxRequest(_message.Message):
    __slots__ = ("instance_id", "sandbox", "pod_name", "hostname", "runtime_class", "container", "restart_policy", "termination_grace", "pod_ip")
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    SANDBOX_FIELD_NUMBER: _ClassVar[int]
    POD_NAME_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_CLASS_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    RESTART_POLICY_FIELD_NUMBER: _ClassVar[int]
    TERMINATION_GRACE_FIELD_NUMBER: _ClassVar[int]
    POD_IP_FIELD_NUMBER: _ClassVar[int]
    instance_id: str
    sandbox: _common_pb2.SandboxRef
    pod_name: str
    hostname: str
    runtime_class: str
    container: Container
    restart_policy: RestartPolicy
    termination_grace: _duration_pb2.Duration
    pod_ip: str
    def __init__(self, instance_id: _Optional[str] = ..., sandbox: _Optional[_Union[_common_pb2.SandboxRef, _Mapping]] = ..., pod_name: _Optional[str] = ..., hostname: _Optional[str] = ..., runtime_class: _Optional[str] = ..., container: _Optional[_Union[Container, _Mapping]] = ..., restart_policy: _Optional[_Union[RestartPolicy, str]] = ..., termination_grace: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., pod_ip: _Optional[str] = ...) -> None: ...

class CreateSandboxResponse(_message.Message):
    __slots__ = ("instance",)
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    instance: Instance
    def __init__(self, instance: _Optional[_Union[Instance, _Mapping]] = ...) -> None: ...

class ProbeResult(_message.Message):
    __slots__ = ("probe", "success", "message", "time")
    PROBE_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    probe: str
    success: bool
    message: str
    time: _timestamp_pb2.Timestamp
    def __init__(self, probe: _Optional[str] = ..., success: bool = ..., message: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Instance(_message.Message):
    __slots__ = ("instance_id", "sandbox", "state", "ready", "agent_connected", "restart_count", "cause", "last_probe", "start_time", "ready_time", "runtime_class", "image_id")
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    SANDBOX_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    AGENT_CONNECTED_FIELD_NUMBER: _ClassVar[int]
    RESTART_COUNT_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    LAST_PROBE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    READY_TIME_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_CLASS_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    instance_id: str
    sandbox: _common_pb2.SandboxRef
    state: InstanceState
    ready: bool
    agent_connected: bool
    restart_count: int
    cause: _common_pb2.Cause
    last_probe: ProbeResult
    start_time: _timestamp_pb2.Timestamp
    ready_time: _timestamp_pb2.Timestamp
    runtime_class: str
    image_id: str
    def __init__(self, instance_id: _Optional[str] = ..., sandbox: _Optional[_Union[_common_pb2.SandboxRef, _Mapping]] = ..., state: _Optional[_Union[InstanceState, str]] = ..., ready: bool = ..., agent_connected: bool = ..., restart_count: _Optional[int] = ..., cause: _Optional[_Union[_common_pb2.Cause, _Mapping]] = ..., last_probe: _Optional[_Union[ProbeResult, _Mapping]] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., ready_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., runtime_class: _Optional[str] = ..., image_id: _Optional[str] = ...) -> None: ...

class DeleteSandboxRequest(_message.Message):
    __slots__ = ("instance_id", "grace")
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    GRACE_FIELD_NUMBER: _ClassVar[int]
    instance_id: str
    grace: _duration_pb2.Duration
    def __init__(self, instance_id: _Optional[str] = ..., grace: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DeleteSandboxResponse(_message.Message):
    __slots__ = ("instance",)
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    instance: Instance
    def __init__(self, instance: _Optional[_Union[Instance, _Mapping]] = ...) -> None: ...

class ListSandboxesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListSandboxesResponse(_message.Message):
    __slots__ = ("instances",)
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    instances: _containers.RepeatedCompositeFieldContainer[Instance]
    def __init__(self, instances: _Optional[_Iterable[_Union[Instance, _Mapping]]] = ...) -> None: ...

class WatchSandboxesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WatchSandboxesResponse(_message.Message):
    __slots__ = ("instance", "synced")
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    SYNCED_FIELD_NUMBER: _ClassVar[int]
    instance: Instance
    synced: bool
    def __init__(self, instance: _Optional[_Union[Instance, _Mapping]] = ..., synced: bool = ...) -> None: ...

class ImportImageRequest(_message.Message):
    __slots__ = ("source", "name")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    source: str
    name: str
    def __init__(self, source: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class Image(_message.Message):
    __slots__ = ("name", "digest", "size_bytes", "import_time")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    IMPORT_TIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    digest: str
    size_bytes: int
    import_time: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., digest: _Optional[str] = ..., size_bytes: _Optional[int] = ..., import_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ImportImageResponse(_message.Message):
    __slots__ = ("image",)
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    image: Image
    def __init__(self, image: _Optional[_Union[Image, _Mapping]] = ...) -> None: ...

class ListImagesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListImagesResponse(_message.Message):
    __slots__ = ("images",)
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    images: _containers.RepeatedCompositeFieldContainer[Image]
    def __init__(self, images: _Optional[_Iterable[_Union[Image, _Mapping]]] = ...) -> None: ...

class RemoveImageRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class RemoveImageResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetAgentRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetAgentResponse(_message.Message):
    __slots__ = ("version", "command_running", "command_cause", "execs_running")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    COMMAND_RUNNING_FIELD_NUMBER: _ClassVar[int]
    COMMAND_CAUSE_FIELD_NUMBER: _ClassVar[int]
    EXECS_RUNNING_FIELD_NUMBER: _ClassVar[int]
    version: str
    command_running: bool
    command_cause: _common_pb2.Cause
    execs_running: int
    def __init__(self, version: _Optional[str] = ..., command_running: bool = ..., command_cause: _Optional[_Union[_common_pb2.Cause, _Mapping]] = ..., execs_running: _Optional[int] = ...) -> None: ...

class RunProbeRequest(_message.Message):
    __slots__ = ("probe",)
    PROBE_FIELD_NUMBER: _ClassVar[int]
    probe: Probe
    def __init__(self, probe: _Optional[_Union[Probe, _Mapping]] = ...) -> None: ...

class RunProbeResponse(_message.Message):
    __slots__ = ("success", "message")
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    success: bool
    message: str
    def __init__(self, success: bool = ..., message: _Optional[str] = ...) -> None: ...

class StopRequest(_message.Message):
    __slots__ = ("grace",)
    GRACE_FIELD_NUMBER: _ClassVar[int]
    grace: _duration_pb2.Duration
    def __init__(self, grace: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StopResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
