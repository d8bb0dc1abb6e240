"""What the nodes have in common: lifecycle, parameters, a worker that takes the newest frame, diagnostics."""

from __future__ import annotations

import threading
import time
import traceback
from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any, Generic, TypeVar

from builtin_interfaces.msg import Time as Stamp
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter as RosParameter
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from sensor_msgs.msg import Image

from depth_perception.engines.engine import Engine
from depth_perception.errors import DepthPerceptionError, one_line
from depth_perception.nodes import diagnostics, parameters
from depth_perception.nodes.executor import bearable
from depth_perception.nodes.images import ImageOutput
from depth_perception.nodes.inbox import Inbox
from depth_perception.nodes.log import LimitedLog
from depth_perception.nodes.models import engine_summary
from depth_perception.nodes.pipeline import Frame, Pipeline, nanoseconds
from depth_perception.nodes.priority import worker
from depth_perception.nodes.qos import LATCHED, OUTPUT
from depth_perception.nodes.shared import Shared
from depth_perception.nodes.statistics import Statistics
from depth_perception.nodes.timed_engine import TimedEngine
from depth_perception.settings import Setting, Settings

Content = TypeVar("Content")
Kind = TypeVar("Kind", bound=Settings)

FOLLOW_PERIOD = 0.25
"""Seconds between two looks at who publishes the inputs."""
CLOCK_PATIENCE = 5.0
"""Seconds after which a node says that the clock that it was told to go by has not come."""
JUMP_BACK = 1.0
"""Seconds that stamps may go back (frames out of order) before it counts as time that went back (a bag's loop)."""

AUTOSTART = Setting(
    "autostart", True, "Configure and activate at the start; if false, wait for somebody to do it (ros2 lifecycle set)"
)


class PerceptionNode(LifecycleNode, Generic[Content, Kind]):
    """A lifecycle node that turns frames into messages in a worker thread.

    A subclass says what its `Pipeline` is. Nothing that a frame or a model brings about stops it: what goes wrong is
    logged, counted and shown in /diagnostics.

    Attributes:
        settings: Those of its parameters that its estimator is made with, as they are now.
        shared: What it has in common with the other nodes of its process.
        log: For what may come with every message.
        opened: Closes, when the node is cleaned up, what was opened when it was configured.
    """

    settings: Kind

    def __init__(
        self,
        name: str,
        table: Sequence[Setting],
        estimator: type[Kind],
        shared: Shared | None = None,
        namespace: str | None = None,
    ) -> None:
        """
        Args:
            table: Of all parameters; those of the `estimator`'s settings among them.
            shared: What it has in common with other nodes of its process; None if it is alone there.
            namespace: Its own, where one for all nodes of the process (``__ns``) would not do.

        Raises: `NodeError` for a parameter that is unknown or has an impossible value; `SettingError` for some that
            cannot go together.
        """
        super().__init__(name, namespace=namespace, automatically_declare_parameters_from_overrides=True)
        self.statistics = Statistics()
        self.log = LimitedLog(self.get_logger())
        self.shared = Shared() if shared is None else shared
        self.opened = ExitStack()
        self._stage = "unconfigured"
        self._listening = False
        self._known = [parameter.name for parameter in (AUTOSTART, *table)]
        self._estimator_settings = estimator
        parameters.declare(self, (AUTOSTART, *table), self._take_settings, self._may_change)
        self._trouble = ""
        self._pipeline: Pipeline[Content] | None = None
        self._worker = worker()
        self._inbox: Inbox[Frame[Content]] | None = None
        self._latest: int | None = None
        self._lost_before = 0
        self._engine_seconds = 0.0
        self._time_jumped = threading.Event()
        self._jumps, self._jumped_to = 0, 0
        self._jump_handle = self.get_clock().create_jump_callback(
            JumpThreshold(min_forward=None, min_backward=Duration(seconds=-JUMP_BACK), on_clock_change=True),
            post_callback=self._on_clock_jump,
        )
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # goes on when simulated time stands still
        self.create_timer(diagnostics.PERIOD, self._publish_diagnostics, clock=steady)
        self.create_timer(diagnostics.PERIOD, self._look_for_twins, clock=steady)
        self.create_timer(FOLLOW_PERIOD, self._follow, clock=steady)
        self._clock_timer = self.create_timer(CLOCK_PATIENCE, self._look_for_clock, clock=steady)

    @abstractmethod
    def configure(self) -> Pipeline[Content]:
        """What the node runs from now on. What it opens goes onto `opened` at once.

        Raises: `DepthPerceptionError` if that is not possible.
        """

    def create_timer(  # type: ignore[override]  # what follows the callback goes on as it came
        self, period: float, callback: Callable[[], Any], *arguments: Any, **options: Any
    ) -> Timer:
        """As `Node` does it, with a callback that may raise."""
        return super().create_timer(period, self._bearable(callback), *arguments, **options)

    def create_subscription(  # type: ignore[override]
        self, message: type, topic: str, callback: Callable[..., Any], *arguments: Any, **options: Any
    ) -> Subscription:
        """As `Node` does it, with a callback that may raise."""
        return super().create_subscription(message, topic, self._bearable(callback), *arguments, **options)

    def _bearable(self, callback: Callable[..., Any]) -> Callable[..., Any]:
        return bearable(self, lambda: self.log, callback)

    # What a pipeline uses.

    def value(self, name: str) -> Any:
        """The value of a parameter, None if it was never set and has no default."""
        return parameters.value(self, name)

    def output(self, message: type, topic: str) -> LifecyclePublisher:
        """A publisher that lives until the node is cleaned up and is silent while it is not active."""
        publisher = self.create_lifecycle_publisher(message, topic, OUTPUT)
        self.opened.callback(self.destroy_lifecycle_publisher, publisher)
        return publisher

    def image_output(self, topic: str, encoding: str) -> ImageOutput:
        """An `output` of images."""
        return ImageOutput(self.output(Image, topic), encoding)

    def announce(self, message: Any, topic: str) -> None:
        """Publishes what holds until the node is cleaned up, to all who listen now or later; active or not."""
        publisher = self.create_publisher(type(message), topic, LATCHED)
        publisher.publish(message)
        self.opened.callback(self.destroy_publisher, publisher)

    def take(self, content: Content, stamp: Stamp) -> None:
        """Hands a frame that has just arrived to the worker."""
        arrival = time.monotonic()
        self.statistics.received(arrival)
        self._notice(stamp)
        inbox = self._inbox  # which another thread may be closing
        if inbox is not None:
            inbox.put(Frame(content, stamp, arrival, self._jumps))

    def is_outdated(self, frame: Frame[Content]) -> bool:
        """Whether time went back since the frame arrived, to before its stamp: nothing of it must be published any
        more, or those who listen see a time that is to come yet, and TF drops all until it has come.

        Raises: `NodeError` for a stamp that there is no time for.
        """
        stamp = nanoseconds(frame.stamp)
        return frame.jumps != self._jumps and stamp > self._jumped_to + JUMP_BACK * 1e9

    def own_engine(self, engine: Engine) -> Engine:
        """The engine, closed with the node, with the time it takes counted for /diagnostics."""
        self.opened.callback(engine.close)
        self.get_logger().info(engine_summary(engine))
        return TimedEngine(engine, self._on_engine_time)

    def ask_for_restart(self) -> None:
        """All frames so far are forgotten before the next one."""
        self._time_jumped.set()

    # Lifecycle.

    def start(self) -> None:
        """Configures and activates the node if the parameter ``autostart`` says so."""
        if self.value("autostart") and self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def stop(self) -> None:
        """Ends the work and frees everything, in whatever state the node is."""
        self._stop_listening()
        self._worker.submit(int).result()  # what it works on, it works on with what is freed now
        self._free()

    def destroy_node(self) -> None:
        """As `Node` does it; ends the worker."""
        self._worker.shutdown()
        super().destroy_node()

    def objection_to(self, transition: Transition) -> str:
        """Why the node cannot go through a transition now; empty if it can."""
        possible = {number: label for number, label, *_ in self._state_machine.available_transitions}
        if transition.label in possible.values() if transition.label else transition.id in possible:
            return ""
        choices = ", ".join(f"{label} ({number})" for number, label in possible.items())
        hint = "; set autostart to false where something else manages it" if self.value("autostart") else ""
        return (
            f"change_state: transition {transition.label or transition.id} is not possible while {self._stage},"
            f" expected {choices or 'none any more'}{hint}"
        )

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            self._pipeline = self.configure()
        except DepthPerceptionError as error:
            return self._failed_to_configure(one_line(str(error)))
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
        self._stop_listening()
        self._stage = "inactive"
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.stop()
        self._stage = "unconfigured"
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self.on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.stop()
        self._stage = "finalized"
        return TransitionCallbackReturn.SUCCESS

    def _activate(self) -> None:
        assert self._pipeline is not None, "only what is configured is activated"
        statistics = self.statistics = Statistics()
        self.log.forget()
        self._latest = None
        work = partial(self._work, self._pipeline, statistics)
        self._inbox = Inbox(self._worker, work, lambda frame: statistics.dropped())
        self._pipeline.begin()
        self._lost_before = self._pipeline.inputs[0].lost
        self._stage = "active"
        self._follow()

    def _failed_to_configure(self, reason: str) -> TransitionCallbackReturn:
        self._trouble = reason
        self.get_logger().fatal(reason)
        self._free()
        return TransitionCallbackReturn.FAILURE

    def _free(self) -> None:
        self._pipeline = None
        self.opened.close()

    def _stop_listening(self) -> None:
        self._listening = False
        for item in self._pipeline.inputs if self._pipeline else ():
            item.close()
        if self._inbox is not None:
            self._inbox.stop()
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
        if self._pipeline is None or self._stage != "active":
            return
        self._listening = self._pipeline.wants_inputs()
        for item in self._pipeline.inputs:
            if self._listening:
                item.follow()
            else:
                item.close()

    # Frames.

    def _on_engine_time(self, seconds: float) -> None:
        self._engine_seconds += seconds

    def _work(self, pipeline: Pipeline[Content], statistics: Statistics, frame: Frame[Content]) -> None:
        self._engine_seconds = 0.0
        try:
            if self.is_outdated(frame):
                statistics.dropped()
                return
            if self._time_jumped.is_set():
                self._time_jumped.clear()
                pipeline.restart()
            published = pipeline.process(frame)
        except DepthPerceptionError as error:
            statistics.failed(one_line(str(error)))
            self.log.exception(error)
        except Exception as error:  # a bug costs a frame, not the node
            if not self.context.ok():
                return  # the process is ending
            statistics.failed(one_line(f"{type(error).__name__}: {error}"))
            self.log.exception(error)
        else:
            if self.is_outdated(frame):
                statistics.dropped()
                return
            if not published:
                statistics.skipped()
                return
            age = self.get_clock().now().nanoseconds - nanoseconds(frame.stamp)
            latency = time.monotonic() - frame.arrival
            statistics.processed(latency, age * 1e-9, self._engine_seconds)

    def _notice(self, stamp: Stamp) -> None:
        """Whether time went back, by a frame that has just arrived."""
        if stamp.sec < 0:
            return  # as will be said of it
        now, latest = nanoseconds(stamp), self._latest
        self._latest = now
        if latest is not None and latest - now > JUMP_BACK * 1e9:
            self.log.info("time", "time went back: everything before is forgotten")
            self._jump(now)

    def _on_clock_jump(self, jump: TimeJump) -> None:
        self.log.info("clock", "the clock went back, or is another one now: everything before is forgotten")
        self._jump(self.get_clock().now().nanoseconds)

    def _jump(self, to: int) -> None:
        self._jumped_to = to
        self._jumps += 1
        self.ask_for_restart()

    def _look_for_clock(self) -> None:
        self._clock_timer.cancel()
        topic = self.resolve_topic_name("/clock")
        if self.get_clock().now().nanoseconds == 0 and not self.count_publishers(topic):
            self.get_logger().warning(
                f"use_sim_time is true and nobody publishes {topic}: ages, and the stamps of diagnostics, are of time 0"
                " until it comes; play recordings with --clock, or set use_sim_time to false"
            )

    def _look_for_twins(self) -> None:
        names = self.get_node_names_and_namespaces()
        twins = names.count((self.get_name(), self.get_namespace()))
        if twins > 1:
            name = self.get_fully_qualified_name()
            text = f"{twins} nodes are called {name}, and answer for each other: give them other names or namespaces"
            self.log.warning("twins", text)

    def _publish_diagnostics(self) -> None:
        summary = self.statistics.summary()
        status = replace(diagnostics.status(summary), state=self._stage, listening=self._listening)
        if self._trouble:
            status = replace(status, last_error=self._trouble)
        pipeline, waiting_for = self._pipeline, ""
        if pipeline is not None:
            frames = pipeline.inputs[0]
            waiting_for = frames.topic
            status = pipeline.described(replace(status, lost=frames.lost - self._lost_before))
        name = self.get_fully_qualified_name().lstrip("/")
        item = diagnostics.message_of(name, self._trouble, waiting_for, summary, status)
        self._diagnostics.publish(diagnostics.array_of(item, self.get_clock().now().to_msg()))
