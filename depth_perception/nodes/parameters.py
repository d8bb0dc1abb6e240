"""Parameters of a node from a table of settings."""

from __future__ import annotations

import difflib
import math
from array import array
from collections.abc import Callable, Collection, Sequence
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from depth_perception.errors import DepthPerceptionError
from depth_perception.settings import Setting, SettingError

OF_ROS = ("use_sim_time", "start_type_description_service")
"""Parameters that rclpy itself may have been given for any node; so are all that begin with ``qos_overrides.``."""


EXAMPLE_POSE = [0.0, 0.0, 1.5, 0.0, 0.0, 0.0]


class NodeError(DepthPerceptionError):
    """A parameter, message or transform that a node cannot use."""


def descriptor(setting: Setting) -> ParameterDescriptor:
    """What ``ros2 param describe`` shows."""
    shown = ParameterDescriptor(description=setting.description)
    if setting.minimum is None or setting.maximum is None:
        shown.additional_constraints = setting.values
    elif isinstance(setting.default, int):
        shown.integer_range = [IntegerRange(from_value=int(setting.minimum), to_value=int(setting.maximum), step=0)]
    else:
        limits = FloatingPointRange(from_value=float(setting.minimum), to_value=float(setting.maximum), step=0.0)
        shown.floating_point_range = [limits]
    return shown


Check = Callable[[dict[str, Any]], object]
"""Given all values, raises `SettingError` if they cannot go together."""


def declare(node: Node, table: Sequence[Setting], check: Check, may_change: Callable[[Setting], str | None]) -> None:
    """Declares the parameters of the `table`, with what the command line, launch file and YAML file say of them.

    The node must have been created with ``automatically_declare_parameters_from_overrides=True``: that is how
    parameters that are not in the table are noticed.

    Args:
        check: Called with all values when any is about to change, and at the start.
        may_change: Says why a parameter cannot be changed now, or None if it can.

    Raises: `NodeError` for a parameter that is not in the table, or that has an impossible value; as `check` does.
    """
    known = {parameter.name: parameter for parameter in table}
    overrides: dict[str, Any] = dict(node.get_parameters_by_prefix(""))
    given = {name: override.value for name, override in overrides.items() if not _is_of_ros(name)}
    for name in given:
        if name not in known:
            raise NodeError(unknown(name, known))
    for parameter in table:
        if parameter.name in given:
            node.undeclare_parameter(parameter.name)  # from its override: declaring it takes that again
        _declare(node, parameter, given.get(parameter.name))
    check(values(node, table))

    def on_set(changes: list[RosParameter]) -> SetParametersResult:
        wanted = values(node, table)
        for change in changes:
            parameter = known.get(change.name)
            if parameter is None:
                continue
            if change.type_ == RosParameter.Type.NOT_SET:
                return SetParametersResult(successful=False, reason=f"{change.name} cannot be removed")
            wanted[change.name] = _set(change.value)
            if objection := may_change(parameter) or parameter.objection(wanted[change.name]):
                return SetParametersResult(successful=False, reason=objection)
        try:
            check(wanted)
        except SettingError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(on_set)


def values(node: Node, table: Sequence[Setting]) -> dict[str, Any]:
    """The values of all parameters of the table; None for one that was never set."""
    return {parameter.name: value(node, parameter.name) for parameter in table}


def value(node: Node, name: str) -> Any:
    """The value of a parameter, None if it has no default and was never set."""
    return _set(node.get_parameter_or(name).value)


def _declare(node: Node, parameter: Setting, given: Any) -> None:
    try:
        node.declare_parameter(parameter.name, _default(parameter), descriptor(parameter))
    except InvalidParameterTypeException:
        expected = _type_name(_default(parameter))
        raise NodeError(f"parameter {parameter.name} is {given!r}, expected {expected}") from None
    except InvalidParameterValueException:
        objection = parameter.objection(given) or f"{parameter.name} is {given!r}: {parameter.description}"
        raise NodeError(f"parameter {objection}") from None
    if given is not None and (reason := parameter.objection(_set(given))):
        raise NodeError(f"parameter {reason}")


def _default(parameter: Setting) -> Any:
    """Of an array that is not set, NaN throughout. Declared without a value, it would leave who asks for all parameters
    (``ros2 param dump``) without an answer; and without elements, what was dumped could not be given to a node again.
    """
    return parameter.default if parameter.length is None else [math.nan] * parameter.length


def _set(value: Any) -> Any:
    """The value of a parameter, None of an array that is not set."""
    is_array = isinstance(value, list | tuple | array)
    return None if is_array and all(item != item for item in value) else value


def _type_name(default: Any) -> str:
    kind = default if isinstance(default, RosParameter.Type) else RosParameter.Type.from_parameter_value(default)
    names = {
        RosParameter.Type.DOUBLE: "a number with a decimal point, such as 2.0",
        RosParameter.Type.INTEGER: "a whole number",
        RosParameter.Type.BOOL: "true or false",
        RosParameter.Type.STRING: "a text",
        RosParameter.Type.DOUBLE_ARRAY: f"numbers with a decimal point, such as {EXAMPLE_POSE}",
    }
    return names[kind]


def _is_of_ros(name: str) -> bool:
    return name in OF_ROS or name.startswith("qos_overrides.")


def unknown(name: str, known: Collection[str]) -> str:
    """What to say about a parameter that is not among the `known` ones."""
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"expected one of: {', '.join(known)}"
    return f"parameter {name} is unknown, {hint}"
