"""Nothing that is sent to a node ends it: a request that makes a callback raise is refused, and said in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParameters, SetParametersAtomically

from depth_perception.errors import one_line
from depth_perception.nodes.perception_node import PerceptionNode

Answer = Callable[[Any, Any], Any]


def guard(node: PerceptionNode) -> None:
    """All services that the node has now answer, whatever they are asked."""
    for service in node.services:
        answer = _guarded(node, service.srv_name, service.callback)
        service.callback = _one_by_one(answer) if service.srv_type is SetParameters else answer


def _guarded(node: PerceptionNode, name: str, callback: Answer) -> Answer:
    def answer(request: Any, response: Any) -> Any:
        if isinstance(request, ChangeState.Request) and (objection := node.objection_to(request.transition)):
            node.log.warning(name, objection)
            return response
        try:
            return callback(request, response)
        except Exception as error:
            if not node.context.ok():
                raise
            node.log.exception(error, f"{name} refused a request: ")
            return _refused(request, type(response)(), one_line(f"{type(error).__name__}: {error}"))

    return answer


def _one_by_one(answer: Answer) -> Answer:
    """What can be set is set, whatever is refused beside it."""

    def each(request: SetParameters.Request, response: SetParameters.Response) -> SetParameters.Response:
        for parameter in request.parameters:
            one = answer(SetParameters.Request(parameters=[parameter]), SetParameters.Response())
            response.results = [*response.results, *one.results]
        return response

    return each


def _refused(request: Any, response: Any, reason: str) -> Any:
    refusal = SetParametersResult(successful=False, reason=reason)
    if isinstance(request, SetParameters.Request):
        response.results = [refusal]
    elif isinstance(request, SetParametersAtomically.Request):
        response.result = refusal
    return response
