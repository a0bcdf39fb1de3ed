"""Endpoints that bind to loopback only, and the lines of JSON that the tests read."""
import json

import aster.runtime as runtime
from aster import EndpointConfig


def loopback():
    return EndpointConfig(alpns=[], relay_mode="disabled", bind_addr="127.0.0.1:0", portmapper_config="disabled")


def bind_to_loopback():
    """Replaces the two functions of the reference that copy endpoint settings.

    The server and client classes of the reference copy only some settings and lose the bind address. The replacements
    start from `loopback()`.
    """

    def fresh(_template, alpns=(), *, enable_hooks=False):
        config = loopback()
        config.alpns = list(alpns)
        config.enable_hooks = enable_hooks
        return config

    runtime._build_node_endpoint_config = fresh
    runtime._clone_config_with_alpns = fresh


def say(event, **members):
    print(json.dumps({"event": event, **members}), flush=True)
