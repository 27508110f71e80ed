"""What the tests of gRPC doors share."""

import grpc
import pytest


def refused(call, code, *words):
    """The call ends with this code, and its message has these words."""
    with pytest.raises(grpc.RpcError) as e:
        call()
    assert e.value.code() == code, e.value
    for word in words:
        assert word in e.value.details(), e.value.details()
