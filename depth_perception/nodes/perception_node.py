"""What the nodes have in common: lifecycle, parameters, a worker that takes the newest frame, diagnostics."""

from __future__ import annotations

import threading
import time
import traceback
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from builtin_interfaces.msg import Time as Stamp
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter as RosParameter
from rclpy.publisher import Publisher
from rclpy.time import Time

from depth_perception.engines.engine import Engine
from depth_perception.errors import DepthPerceptionError
from depth_perception.nodes import diagnostics, parameters
from depth_perception.nodes.inbox import Inbox
from depth_perception.nodes.qos import LATCHED, OUTPUT
from depth_perception.nodes.statistics import Statistics
from depth_perception.nodes.subscription import FollowingSubscription
from depth_perception.nodes.timed_engine import TimedEngine
from depth_perception.settings import Setting, Settings

Content = TypeVar("Content")
Kind = TypeVar("Kind", bound=Settings)

FOLLOW_PERIOD = 0.25
"""Seconds between two looks at who publishes the inputs."""
JUMP_BACK = 1.0
"""Seconds that stamps may go back (frames out of order) before it counts as time that went back (a bag's loop)."""
REPEAT = 10.0
"""Seconds after which an error that lasts is logged again."""

AUTOSTART = Setting(
    "autostart", True, "Configure and activate at the start; if false, wait for somebody to do it (ros2 lifecycle set)"
)


@dataclass(frozen=True)
class Frame(Generic[Content]):
    """What a node works on at once, its stamp, and its arrival by `time.monotonic`."""

    content: Content
    stamp: Stamp
    arrival: float


class PerceptionNode(LifecycleNode, Generic[Content, Kind]):
    """A lifecycle node that turns frames into messages in a worker thread.

    A subclass says how in `configure`, `inputs`, `process` and `release`. Nothing that a frame or a model brings about
    stops it: what goes wrong is logged, counted and shown in /diagnostics.

    Attributes:
        settings: Those of its parameters that its estimator is made with, as they are now.
    """

    settings: Kind

    def __init__(self, name: str, table: Sequence[Setting], estimator: type[Kind]) -> None:
        """
        Args:
            table: Of all parameters; those of the `estimator`'s settings among them.

        Raises: `NodeError` for a parameter that is unknown or has an impossible value; `SettingError` for some that
            cannot go together.
        """
        super().__init__(name, automatically_declare_parameters_from_overrides=True)
        self.statistics = Statistics()
        self._stage = "unconfigured"
        self._known = [parameter.name for parameter in (AUTOSTART, *table)]
        self._estimator_settings = estimator
        parameters.declare(self, (AUTOSTART, *table), self._take_settings, self._may_change)
        self._trouble = ""
        self._logged: dict[str, float] = {}
        self._outputs: list[LifecyclePublisher] = []
        self._announcements: list[Publisher] = []
        self._inputs: list[FollowingSubscription] = []
        self._inbox: Inbox[Frame[Content]] | None = None
        self._latest: Time | None = None
        self._engine_seconds = 0.0
        self._time_jumped = threading.Event()
        self._jump_handle = self.get_clock().create_jump_callback(
            JumpThreshold(min_forward=None, min_backward=Duration(seconds=-JUMP_BACK), on_clock_change=True),
            post_callback=self._on_clock_jump,
        )
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # goes on when simulated time stands still
        self.create_timer(diagnostics.PERIOD, self._publish_diagnostics, clock=steady)
        self.create_timer(FOLLOW_PERIOD, self._follow, clock=steady)

    # What a subclass says.

    @abstractmethod
    def configure(self) -> None:
        """Loads what is needed and makes the outputs.

        Raises: `DepthPerceptionError` if that is not possible; `release` is called then.
        """

    @abstractmethod
    def inputs(self) -> list[FollowingSubscription]:
        """The subscriptions, made anew when the node is activated. The first one is that of the frames."""

    @abstractmethod
    def process(self, frame: Frame[Content]) -> bool:
        """Works on one frame, in the worker thread, and publishes the results; False if nobody wants any.

        Raises: `DepthPerceptionError` if the frame cannot be used.
        """

    @abstractmethod
    def release(self) -> None:
        """Frees what `configure` loaded."""

    def restart(self) -> None:
        """Forgets all frames so far, in the worker thread: time went back, or somebody asked for it."""

    def details(self) -> dict[str, str]:
        """What else /diagnostics shows."""
        return {}

    def wants_inputs(self) -> bool:
        """Whether to listen at all now."""
        return True

    # What a subclass uses.

    def value(self, name: str) -> Any:
        """The value of a parameter, None if it was never set and has no default."""
        return parameters.value(self, name)

    def output(self, message: type, topic: str) -> LifecyclePublisher:
        """A publisher that lives until the node is cleaned up and is silent while it is not active."""
        publisher = self.create_lifecycle_publisher(message, topic, OUTPUT)
        self._outputs.append(publisher)
        return publisher

    def announce(self, message: Any, topic: str) -> None:
        """Publishes what holds until the node is cleaned up, to all who listen now or later; active or not."""
        publisher = self.create_publisher(type(message), topic, LATCHED)
        publisher.publish(message)
        self._announcements.append(publisher)

    def take(self, content: Content, stamp: Stamp) -> None:
        """Hands a frame that has just arrived to the worker."""
        arrival = time.monotonic()
        self.statistics.received(arrival)
        if self._inbox is not None:
            self._inbox.put(Frame(content, stamp, arrival))

    def time_engine(self, engine: Engine) -> Engine:
        """The engine, with the time it takes counted for /diagnostics."""
        return TimedEngine(engine, self._on_engine_time)

    def ask_for_restart(self) -> None:
        """`restart` is called before the next frame."""
        self._time_jumped.set()

    def report(self, error: str) -> None:
        """Logs an error that may come with every frame: at once, and then every few seconds as long as it lasts."""
        now = time.monotonic()
        if now - self._logged.get(error, -REPEAT) >= REPEAT:
            self._logged = {text: when for text, when in self._logged.items() if now - when < REPEAT}
            self._logged[error] = now
            self.get_logger().error(error)

    # Lifecycle.

    def start(self) -> None:
        """Configures and activates the node if the parameter ``autostart`` says so."""
        if self.value("autostart") and self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def stop(self) -> None:
        """Ends the worker and frees everything, in whatever state the node is."""
        self._close_inputs()
        self.release()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            self.configure()
        except DepthPerceptionError as error:
            return self._failed_to_configure(str(error))
        except Exception:  # rclpy would swallow it
            if not self.context.ok():
                return TransitionCallbackReturn.FAILURE  # the process is ending
            return self._failed_to_configure(f"cannot be configured: {traceback.format_exc()}")
        self._trouble = ""
        self._stage = "inactive"
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            self._activate()
        except Exception:  # rclpy would swallow it
            if self.context.ok():
                self.get_logger().fatal(f"cannot be activated: {traceback.format_exc()}")
            return TransitionCallbackReturn.ERROR
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._close_inputs()
        self._stage = "inactive"
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._free()
        self._stage = "unconfigured"
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._close_inputs()
        return self.on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._close_inputs()
        self._free()
        self._stage = "finalized"
        return TransitionCallbackReturn.SUCCESS

    def _activate(self) -> None:
        self.statistics.reset()
        self._logged.clear()
        self._latest = None
        self._inbox = Inbox(self._work, lambda frame: self.statistics.dropped())
        self._inputs = self.inputs()
        self._stage = "active"
        self._follow()

    def _failed_to_configure(self, reason: str) -> TransitionCallbackReturn:
        self._trouble = reason
        self.get_logger().fatal(reason)
        self._free()
        return TransitionCallbackReturn.FAILURE

    def _free(self) -> None:
        self.release()
        for publisher in self._outputs:
            self.destroy_lifecycle_publisher(publisher)
        self._outputs.clear()
        for announcement in self._announcements:
            self.destroy_publisher(announcement)
        self._announcements.clear()

    def _close_inputs(self) -> None:
        for subscription in self._inputs:
            subscription.close()
        self._inputs = []
        if self._inbox is not None:
            self._inbox.close()
        self._inbox = None

    def set_parameters_atomically(self, parameter_list: list[RosParameter]) -> SetParametersResult:
        """As `Node` does it, except that the reason for refusing an unknown parameter says which one."""
        for parameter in parameter_list:
            if not self.has_parameter(parameter.name):
                reason = parameters.unknown(parameter.name, self._known)
                return SetParametersResult(successful=False, reason=reason)
        return super().set_parameters_atomically(parameter_list)

    def _take_settings(self, values: dict[str, Any]) -> None:
        self.settings = self._estimator_settings.of(values)

    def _may_change(self, parameter: Setting) -> str | None:
        if parameter.live or self._stage == "unconfigured":
            return None
        return (
            f"{parameter.name} can change only while the node is unconfigured, it is {self._stage}:"
            " deactivate and clean it up first (ros2 lifecycle set)"
        )

    def _follow(self) -> None:
        if self._stage != "active":
            return
        wanted = self.wants_inputs()
        for subscription in self._inputs:
            if wanted:
                subscription.follow()
            else:
                subscription.close()

    # Frames.

    def _on_engine_time(self, seconds: float) -> None:
        self._engine_seconds += seconds

    def _work(self, frame: Frame[Content]) -> None:
        self._engine_seconds = 0.0
        try:
            self._notice_time_that_went_back(frame)
            published = self.process(frame)
        except DepthPerceptionError as error:
            self.statistics.failed(str(error))
            self.report(str(error))
        except Exception as error:  # a bug costs a frame, not the node
            if not self.context.ok():
                return  # the process is ending
            self.statistics.failed(f"{type(error).__name__}: {error}")
            self.report(traceback.format_exc())
        else:
            if not published:
                self.statistics.skipped()
                return
            age = self.get_clock().now() - Time.from_msg(frame.stamp, clock_type=self.get_clock().clock_type)
            latency = time.monotonic() - frame.arrival
            self.statistics.processed(latency, age.nanoseconds * 1e-9, self._engine_seconds)

    def _notice_time_that_went_back(self, frame: Frame[Content]) -> None:
        stamp, latest = Time.from_msg(frame.stamp), self._latest
        self._latest = stamp
        went_back = latest is not None and (latest - stamp).nanoseconds > JUMP_BACK * 1e9
        if went_back:
            self.get_logger().info("time went back: everything before is forgotten")
        if self._time_jumped.is_set() or went_back:
            self._time_jumped.clear()
            self.restart()

    def _on_clock_jump(self, jump: TimeJump) -> None:
        self.ask_for_restart()

    def _publish_diagnostics(self) -> None:
        summary = self.statistics.summary()
        frames = self._inputs[0] if self._inputs else None
        waiting_for, lost = (frames.source.topic, frames.lost) if frames else ("", 0)
        name = self.get_fully_qualified_name().lstrip("/")
        item = diagnostics.status(name, self._stage, self._trouble, waiting_for, lost, summary, self.details())
        self._diagnostics.publish(diagnostics.array_of(item, self.get_clock().now().to_msg()))
