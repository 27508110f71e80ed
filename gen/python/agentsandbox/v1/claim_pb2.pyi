from agentsandbox.v1 import common_pb2 as _common_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ClaimPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLAIM_PHASE_UNSPECIFIED: _ClassVar[ClaimPhase]
    CLAIM_PHASE_PENDING: _ClassVar[ClaimPhase]
    CLAIM_PHASE_READY: _ClassVar[ClaimPhase]
    CLAIM_PHASE_NOT_READY: _ClassVar[ClaimPhase]
    CLAIM_PHASE_FINISHED: _ClassVar[ClaimPhase]
    CLAIM_PHASE_EXPIRED: _ClassVar[ClaimPhase]
    CLAIM_PHASE_FAILED: _ClassVar[ClaimPhase]
    CLAIM_PHASE_TERMINATING: _ClassVar[ClaimPhase]

class LaunchType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LAUNCH_TYPE_UNSPECIFIED: _ClassVar[LaunchType]
    LAUNCH_TYPE_WARM: _ClassVar[LaunchType]
    LAUNCH_TYPE_COLD: _ClassVar[LaunchType]

class ShutdownPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SHUTDOWN_POLICY_UNSPECIFIED: _ClassVar[ShutdownPolicy]
    SHUTDOWN_POLICY_DELETE: _ClassVar[ShutdownPolicy]
    SHUTDOWN_POLICY_DELETE_FOREGROUND: _ClassVar[ShutdownPolicy]
    SHUTDOWN_POLICY_RETAIN: _ClassVar[ShutdownPolicy]

class ChangeType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANGE_TYPE_UNSPECIFIED: _ClassVar[ChangeType]
    CHANGE_TYPE_ADDED: _ClassVar[ChangeType]
    CHANGE_TYPE_MODIFIED: _ClassVar[ChangeType]
    CHANGE_TYPE_DELETED: _ClassVar[ChangeType]
    CHANGE_TYPE_BOOKMARK: _ClassVar[ChangeType]
CLAIM_PHASE_UNSPECIFIED: ClaimPhase
CLAIM_PHASE_PENDING: ClaimPhase
CLAIM_PHASE_READY: ClaimPhase
CLAIM_PHASE_NOT_READY: ClaimPhase
CLAIM_PHASE_FINISHED: ClaimPhase
CLAIM_PHASE_EXPIRED: ClaimPhase
CLAIM_PHASE_FAILED: ClaimPhase
CLAIM_PHASE_TERMINATING: ClaimPhase
LAUNCH_TYPE_UNSPECIFIED: LaunchType
LAUNCH_TYPE_WARM: LaunchType
LAUNCH_TYPE_COLD: LaunchType
SHUTDOWN_POLICY_UNSPECIFIED: ShutdownPolicy
SHUTDOWN_POLICY_DELETE: ShutdownPolicy
SHUTDOWN_POLICY_DELETE_FOREGROUND: ShutdownPolicy
SHUTDOWN_POLICY_RETAIN: ShutdownPolicy
CHANGE_TYPE_UNSPECIFIED: ChangeType
CHANGE_TYPE_ADDED: ChangeType
CHANGE_TYPE_MODIFIED: ChangeType
CHANGE_TYPE_DELETED: ChangeType
CHANGE_TYPE_BOOKMARK: ChangeType

class EnvVar(_message.Message):
    __slots__ = ("name", "value", "container")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    container: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ..., container: _Optional[str] = ...) -> None: ...

class ClaimSpec(_message.Message):
    __slots__ = ("pool", "template", "shutdown_time", "ttl_after_finished", "shutdown_policy", "env", "pod_labels", "pod_annotations")
    class PodLabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class PodAnnotationsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    POOL_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    SHUTDOWN_TIME_FIELD_NUMBER: _ClassVar[int]
    TTL_AFTER_FINISHED_FIELD_NUMBER: _ClassVar[int]
    SHUTDOWN_POLICY_FIELD_NUMBER: _ClassVar[int]
    ENV_FIELD_NUMBER: _ClassVar[int]
    POD_LABELS_FIELD_NUMBER: _ClassVar[int]
    POD_ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    pool: str
    template: str
    shutdown_time: _timestamp_pb2.Timestamp
    ttl_after_finished: _duration_pb2.Duration
    shutdown_policy: ShutdownPolicy
    env: _containers.RepeatedCompositeFieldContainer[EnvVar]
    pod_labels: _containers.ScalarMap[str, str]
    pod_annotations: _containers.ScalarMap[str, str]
    def __init__(self, pool: _Optional[str] = ..., template: _Optional[str] = ..., shutdown_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., ttl_after_finished: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., shutdown_policy: _Optional[_Union[ShutdownPolicy, str]] = ..., env: _Optional[_Iterable[_Union[EnvVar, _Mapping]]] = ..., pod_labels: _Optional[_Mapping[str, str]] = ..., pod_annotations: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Condition(_message.Message):
    __slots__ = ("type", "status", "reason", "message", "last_transition_time", "observed_generation")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    LAST_TRANSITION_TIME_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_GENERATION_FIELD_NUMBER: _ClassVar[int]
    type: str
    status: str
    reason: str
    message: str
    last_transition_time: _timestamp_pb2.Timestamp
    observed_generation: int
    def __init__(self, type: _Optional[str] = ..., status: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., last_transition_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., observed_generation: _Optional[int] = ...) -> None: ...

class Claim(_message.Message):
    __slots__ = ("namespace", "name", "uid", "resource_version", "spec", "phase", "sandbox", "launch_type", "conditions", "cause", "create_time", "ready_time", "labels", "annotations")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class AnnotationsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_VERSION_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    SANDBOX_FIELD_NUMBER: _ClassVar[int]
    LAUNCH_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    READY_TIME_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    uid: str
    resource_version: str
    spec: ClaimSpec
    phase: ClaimPhase
    sandbox: _common_pb2.SandboxRef
    launch_type: LaunchType
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    cause: _common_pb2.Cause
    create_time: _timestamp_pb2.Timestamp
    ready_time: _timestamp_pb2.Timestamp
    labels: _containers.ScalarMap[str, str]
    annotations: _containers.ScalarMap[str, str]
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ..., uid: _Optional[str] = ..., resource_version: _Optional[str] = ..., spec: _Optional[_Union[ClaimSpec, _Mapping]] = ..., phase: _Optional[_Union[ClaimPhase, str]] = ..., sandbox: _Optional[_Union[_common_pb2.SandboxRef, _Mapping]] = ..., launch_type: _Optional[_Union[LaunchType, str]] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ..., cause: _Optional[_Union[_common_pb2.Cause, _Mapping]] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., ready_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., annotations: _Optional[_Mapping[str, str]] = ...) -> None: ...

class CreateClaimRequest(_message.Message):
    __slots__ = ("namespace", "name", "request_id", "spec", "labels", "annotations", "no_wait", "delete_on_failure")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class AnnotationsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    NO_WAIT_FIELD_NUMBER: _ClassVar[int]
    DELETE_ON_FAILURE_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    request_id: str
    spec: ClaimSpec
    labels: _containers.ScalarMap[str, str]
    annotations: _containers.ScalarMap[str, str]
    no_wait: bool
    delete_on_failure: bool
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ..., request_id: _Optional[str] = ..., spec: _Optional[_Union[ClaimSpec, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., annotations: _Optional[_Mapping[str, str]] = ..., no_wait: bool = ..., delete_on_failure: bool = ...) -> None: ...

class CreateClaimResponse(_message.Message):
    __slots__ = ("claim", "existed")
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    EXISTED_FIELD_NUMBER: _ClassVar[int]
    claim: Claim
    existed: bool
    def __init__(self, claim: _Optional[_Union[Claim, _Mapping]] = ..., existed: bool = ...) -> None: ...

class GetClaimRequest(_message.Message):
    __slots__ = ("namespace", "name")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class GetClaimResponse(_message.Message):
    __slots__ = ("claim",)
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    claim: Claim
    def __init__(self, claim: _Optional[_Union[Claim, _Mapping]] = ...) -> None: ...

class ListClaimsRequest(_message.Message):
    __slots__ = ("namespace", "labels", "page_size", "page_token")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    labels: _containers.ScalarMap[str, str]
    page_size: int
    page_token: str
    def __init__(self, namespace: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListClaimsResponse(_message.Message):
    __slots__ = ("claims", "next_page_token", "resource_version")
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_VERSION_FIELD_NUMBER: _ClassVar[int]
    claims: _containers.RepeatedCompositeFieldContainer[Claim]
    next_page_token: str
    resource_version: str
    def __init__(self, claims: _Optional[_Iterable[_Union[Claim, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., resource_version: _Optional[str] = ...) -> None: ...

class WatchClaimsRequest(_message.Message):
    __slots__ = ("namespace", "name", "resource_version")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_VERSION_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    resource_version: str
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ..., resource_version: _Optional[str] = ...) -> None: ...

class WatchClaimsResponse(_message.Message):
    __slots__ = ("type", "claim", "resource_version")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_VERSION_FIELD_NUMBER: _ClassVar[int]
    type: ChangeType
    claim: Claim
    resource_version: str
    def __init__(self, type: _Optional[_Union[ChangeType, str]] = ..., claim: _Optional[_Union[Claim, _Mapping]] = ..., resource_version: _Optional[str] = ...) -> None: ...

class RenewClaimRequest(_message.Message):
    __slots__ = ("namespace", "name", "shutdown_time", "clear_shutdown_time")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHUTDOWN_TIME_FIELD_NUMBER: _ClassVar[int]
    CLEAR_SHUTDOWN_TIME_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    shutdown_time: _timestamp_pb2.Timestamp
    clear_shutdown_time: bool
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ..., shutdown_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., clear_shutdown_time: bool = ...) -> None: ...

class RenewClaimResponse(_message.Message):
    __slots__ = ("claim",)
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    claim: Claim
    def __init__(self, claim: _Optional[_Union[Claim, _Mapping]] = ...) -> None: ...

class DeleteClaimRequest(_message.Message):
    __slots__ = ("namespace", "name", "uid", "allow_missing", "wait")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    ALLOW_MISSING_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    uid: str
    allow_missing: bool
    wait: bool
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ..., uid: _Optional[str] = ..., allow_missing: bool = ..., wait: bool = ...) -> None: ...

class DeleteClaimResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
