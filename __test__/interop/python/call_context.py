"""Makes the context of the running call reachable: handlers of the reference are not given it."""
import contextvars

from aster import Interceptor

_current = contextvars.ContextVar("lab_call")


def current_call():
    return _current.get()


class KeepContext(Interceptor):
    async def on_request(self, ctx, request):
        _current.set(ctx)
        return request
