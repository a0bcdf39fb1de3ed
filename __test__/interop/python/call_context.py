"""Gives a handler access to the context of its call, which the reference does not pass to handlers."""
import contextvars

from aster import Interceptor

_current = contextvars.ContextVar("lab_call")


def current_call():
    return _current.get()


class KeepContext(Interceptor):
    async def on_request(self, ctx, request):
        _current.set(ctx)
        return request
