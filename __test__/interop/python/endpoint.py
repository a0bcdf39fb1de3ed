"""Loopback-only endpoints, and the line-by-line JSON that the tests read."""
import json

import aster.runtime as runtime
from aster import EndpointConfig


def loopback():
    return EndpointConfig(alpns=[], relay_mode="disabled", bind_addr="127.0.0.1:0", portmapper_config="disabled")


def bind_to_loopback():
    """The high-level server and client copy only some settings of the endpoint and lose the address to bind to:
    their two copying functions are replaced by ones that start from our own endpoint."""

    def fresh(_template, alpns=(), *, enable_hooks=False):
        config = loopback()
        config.alpns = list(alpns)
        config.enable_hooks = enable_hooks
        return config

    runtime._build_node_endpoint_config = fresh
    runtime._clone_config_with_alpns = fresh


def say(event, **members):
    print(json.dumps({"event": event, **members}), flush=True)
