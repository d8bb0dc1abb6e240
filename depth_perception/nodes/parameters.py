"""Parameters of a node from one table: every one with a description and, where it has limits, with them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from depth_perception.errors import DepthPerceptionError

OF_ROS = ("use_sim_time", "start_type_description_service")
"""Parameters that rclpy itself may have been given for any node; so are all that begin with ``qos_overrides.``."""


class NodeError(DepthPerceptionError):
    """A parameter, message or transform that a node cannot use."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a node.

    Attributes:
        default: Its value unless it is given one; `RosParameter.Type.DOUBLE_ARRAY` for one without a default.
        minimum, maximum: Limits of a number, both included.
        choices: All values that a string may have.
        length: Number of elements an array must have.
        live: True if it may change while the node runs; others may while the node is unconfigured.
    """

    name: str
    default: Any
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    length: int | None = None
    live: bool = False

    def descriptor(self) -> ParameterDescriptor:
        """What ``ros2 param describe`` shows."""
        descriptor = ParameterDescriptor(description=self.description)
        if self.choices:
            descriptor.additional_constraints = f"one of: {', '.join(self.choices)}"
        if self.length is not None:
            descriptor.additional_constraints = f"{self.length} numbers"
        if self.minimum is not None and self.maximum is not None:
            if isinstance(self.default, int):
                limits = IntegerRange(from_value=int(self.minimum), to_value=int(self.maximum), step=0)
                descriptor.integer_range = [limits]
            else:
                limits = FloatingPointRange(from_value=float(self.minimum), to_value=float(self.maximum), step=0.0)
                descriptor.floating_point_range = [limits]
        return descriptor

    def objection(self, value: Any) -> str | None:
        """Why the parameter cannot have this value of the right type, or None if it can."""
        if self.choices and value not in self.choices:
            return f"{self.name} is '{value}', expected one of: {', '.join(self.choices)}"
        if self.length is not None and len(value) != self.length:
            return f"{self.name} has {len(value)} elements, expected {self.length}: {self.description}"
        if self.minimum is not None and self.maximum is not None and not self.minimum <= value <= self.maximum:
            return f"{self.name} is {value}, expected {self.minimum} to {self.maximum}: {self.description}"
        return None


Check = Callable[[dict[str, Any]], str | None]
"""Given all values, says why they cannot go together, or None if they can."""


def declare(
    node: Node, table: Sequence[Parameter], check: Check, may_change: Callable[[Parameter], str | None]
) -> None:
    """Declares the parameters of the `table`, with what the command line, launch file and YAML file say of them.

    The node must have been created with ``automatically_declare_parameters_from_overrides=True``: that is how
    parameters that are not in the table are noticed.

    Args:
        check: Called with all values when any is about to change, and at the start.
        may_change: Says why a parameter cannot be changed now, or None if it can.

    Raises: `NodeError` for a parameter that is not in the table, or that has an impossible value.
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
    if reason := check(values(node, table)):
        raise NodeError(reason)

    def on_set(changes: list[RosParameter]) -> SetParametersResult:
        wanted = values(node, table)
        for change in changes:
            parameter = known.get(change.name)
            if parameter is None:
                continue
            if change.type_ == RosParameter.Type.NOT_SET:
                return SetParametersResult(successful=False, reason=f"{change.name} cannot be removed")
            if objection := may_change(parameter) or parameter.objection(change.value):
                return SetParametersResult(successful=False, reason=objection)
            wanted[change.name] = change.value
        reason = check(wanted) or ""
        return SetParametersResult(successful=not reason, reason=reason)

    node.add_on_set_parameters_callback(on_set)


def values(node: Node, table: Sequence[Parameter]) -> dict[str, Any]:
    """The values of all parameters of the table; None for one that was never set."""
    return {parameter.name: value(node, parameter.name) for parameter in table}


def value(node: Node, name: str) -> Any:
    """The value of a parameter, None if it has no default and was never set."""
    return node.get_parameter_or(name).value


def _declare(node: Node, parameter: Parameter, given: Any) -> None:
    try:
        node.declare_parameter(parameter.name, parameter.default, parameter.descriptor())
    except InvalidParameterTypeException:
        expected = _type_name(parameter.default)
        raise NodeError(f"parameter {parameter.name} is {given!r}, expected {expected}") from None
    except InvalidParameterValueException:
        objection = parameter.objection(given) or f"{parameter.name} is {given!r}: {parameter.description}"
        raise NodeError(f"parameter {objection}") from None
    if given is not None and (reason := parameter.objection(given)):
        raise NodeError(f"parameter {reason}")


def _type_name(default: Any) -> str:
    kind = default if isinstance(default, RosParameter.Type) else RosParameter.Type.from_parameter_value(default)
    names = {
        RosParameter.Type.DOUBLE: "a number with a decimal point, such as 2.0",
        RosParameter.Type.INTEGER: "a whole number",
        RosParameter.Type.BOOL: "true or false",
        RosParameter.Type.STRING: "a text",
        RosParameter.Type.DOUBLE_ARRAY: "numbers with a decimal point, such as [0.0, 0.0, 1.5, 0.0, 0.0, 0.0]",
    }
    return names[kind]


def _is_of_ros(name: str) -> bool:
    return name in OF_ROS or name.startswith("qos_overrides.")


def unknown(name: str, known: Collection[str]) -> str:
    """What to say about a parameter that is not among the `known` ones."""
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"expected one of: {', '.join(known)}"
    return f"parameter {name} is unknown, {hint}"
