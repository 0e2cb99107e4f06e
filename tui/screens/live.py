"""The screen operators watch: devices, open alerts, one signal, what to do."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import ClassVar, NamedTuple

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches
from textual.events import DescendantFocus
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Input, Static

from appliance.errors import CarbonseedError, NotSignedIn
from appliance.model.alert import Alert
from appliance.model.device import DeviceStatus
from appliance.model.ids import AlertId, DeviceId
from appliance.model.live import AlertChanged, Event, Snapshot
from appliance.model.metric import Metric
from appliance.model.rule import RuleMode
from appliance.model.user import Caller
from tui import format as told
from tui.client import Client, Lost
from tui.plant import WAITING, Plant, zone_of
from tui.rows import ALERT_HEADS, alert_row, device_heads, device_row, shown_metrics
from tui.widgets.grid import Grid
from tui.widgets.guidance import Guidance
from tui.widgets.header import Header
from tui.widgets.trend import TrendView

REFRESH_SECONDS = 0.5
"""The screen changes twice a second at most: more nobody can read."""


NARROW, WIDE = (0, "-narrow"), (100, "-wide")
"""From so many characters on, lists and picture stand side by side."""


class Range(NamedTuple):
    """A stretch of time up to now, and how often its picture is drawn anew."""

    words: str
    length: timedelta
    reload_seconds: float


RANGES = (
    Range("10 min", timedelta(minutes=10), 5),
    Range("1 h", timedelta(hours=1), 15),
    Range("8 h", timedelta(hours=8), 60),
    Range("24 h", timedelta(hours=24), 60),
)


class Live(Screen[str]):
    """Ends, with words, when the session is over."""

    HORIZONTAL_BREAKPOINTS = [NARROW, WIDE]  # noqa: RUF012  Textual declares it per instance
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "acknowledge", "Ack"),
        Binding("n", "next_abnormal(1)", "Next"),
        Binding("N", "next_abnormal(-1)", show=False),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("1", "range(0)", "Range", key_display="1-4"),
        *(Binding(str(n + 1), f"range({n})", show=False) for n in range(1, len(RANGES))),
        Binding("v", "next_signal", "Signal"),
        Binding("p", "pause", "Pause"),
        Binding("escape", "back", show=False),
    ]
    header = getters.query_one(Header)
    banner = getters.query_one("#banner", Static)
    devices = getters.query_one("#devices", Grid)
    alerts = getters.query_one("#alerts", Grid)
    wanted = getters.query_one("#filter", Input)
    trend = getters.query_one("#trend", TrendView)
    guidance = getters.query_one(Guidance)

    def __init__(self, client: Client, caller: Caller, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._client, self._caller, self._clock = client, caller, clock
        self._zone = zone_of(caller.factories)
        self._plant = Plant()
        self._catalogue: list[Metric] = []
        self._why_lost = ""
        self._paused_at: datetime | None = None
        self._alerts_lead = False
        self._range = RANGES[0]
        self._signals: dict[DeviceId, str] = {}
        self._drawn: tuple[DeviceId, str, Range, int] | None = None
        self._drawn_at = 0.0

    def compose(self) -> ComposeResult:
        """Lists on the left, the picture and what to do on the right."""
        yield Header()
        yield Static(id="banner")
        with Horizontal(id="body"):
            with Vertical(id="lists"):
                yield Grid(id="devices").add_class("pane")
                yield Input(placeholder="name, machine or area", id="filter", compact=True)
                yield Grid(id="alerts").add_class("pane")
            with Vertical(id="detail"):
                yield TrendView(id="trend").add_class("pane")
                with VerticalScroll(id="guidance-pane", classes="pane"):
                    yield Guidance()
        yield Footer()

    def on_mount(self) -> None:
        """Listen, and show what is heard."""
        self.query_one("#guidance-pane").border_title = "What to do"
        self.devices.focus()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._recolour())
        self.set_interval(REFRESH_SECONDS, self.paint)
        self.follow()

    @work(group="line")
    async def follow(self) -> None:
        """Take in what the server tells for as long as the session lasts."""
        try:
            async with aclosing(self._client.watch()) as events:
                async for event in events:
                    if isinstance(event, Lost):
                        self._why_lost = event.why
                        self._plant.lose()
                    else:
                        await self._take(event)
        except NotSignedIn as error:
            self._leave(str(error))

    async def _take(self, event: Event) -> None:
        if isinstance(event, AlertChanged) and self._is_new_critical(event.alert):
            self.app.bell()
        self._plant.apply(event, self._clock())
        if not self._catalogue:
            try:
                self._catalogue = await self._client.metrics()
            except NotSignedIn:
                raise
            except CarbonseedError:
                return  # asked for again with the next event
        if isinstance(event, Snapshot):
            self._repaint()

    def _is_new_critical(self, alert: Alert) -> bool:
        new = alert.id not in self._plant.alerts
        return new and alert.priority == 1 and alert.state in WAITING

    def paint(self) -> None:
        """Show what is known now; the lists change only where it has changed."""
        now = self._plant.clock(self._clock())
        self._paint_header(now)
        self._paint_alerts(now)
        if self._paused_at is None:
            self._paint_devices(now)
        self._paint_subject(now)

    def _repaint(self) -> None:
        """Paint from a worker, which may outlive the screen by a moment."""
        with suppress(NoMatches):
            self.paint()

    def _paint_header(self, now: datetime) -> None:
        zone = now.astimezone(self._zone).tzname() or ""
        self.header.show(
            ", ".join(factory.name for factory in self._caller.factories) or "No factory",
            self._plant.states(),
            self._plant.priorities(),
            f"{told.second(now, self._zone)} {zone}",
            self._caller.name or self._caller.email,
        )
        words = self._warnings()
        self.banner.update(Content("\n".join(words)))
        self.banner.set_class(bool(words), "shown")

    def _warnings(self) -> list[str]:
        words = []
        heard_at = self._plant.heard_at
        if not self._plant.connected and heard_at is not None:
            since = told.second(self._plant.clock(heard_at), self._zone)
            ago = told.age(self._clock() - heard_at)
            words.append(f"⚠ SERVER OFFLINE since {since} ({ago}) — showing last known values")
        elif not self._plant.connected and self._why_lost:
            words.append(f"⚠ {self._why_lost}")
        if self._paused_at is not None:
            since = told.second(self._paused_at, self._zone)
            words.append(f"PAUSED at {since} — devices and picture stand still, p goes on")
        return words

    def _paint_alerts(self, now: datetime) -> None:
        shown = self._plant.ordered_alerts()
        waiting = sum(alert.state in WAITING for alert in shown)
        self.alerts.border_title = f"Alerts: {len(shown)} open, {waiting} unacknowledged"
        self.alerts.show(
            ALERT_HEADS,
            [alert_row(one, self._digits(one.metric), now, self._zone) for one in shown],
        )

    def _paint_devices(self, now: datetime) -> None:
        wanted = self.wanted.value.strip()
        shown = self._plant.ordered_devices(wanted)
        metrics = shown_metrics(self._plant, self._catalogue)
        filtered = f" (filter: {wanted}) {len(shown)} of {len(self._plant.devices)}"
        self.devices.border_title = Content(f"Devices{filtered if wanted else ''}")
        self.devices.show(
            device_heads(metrics),
            [device_row(self._plant, status, metrics, now) for status in shown],
        )

    def _paint_subject(self, now: datetime) -> None:
        status, alert = self._subject()
        if alert is not None:
            self.guidance.show_alert(alert, self._digits(alert.metric), now, self._zone)
        elif status is not None:
            self.guidance.show_device(status, self._plant.state(status), now, self._zone)
        else:
            self.guidance.say("No device is selected.")
        self._draw(status, alert)

    def _subject(self) -> tuple[DeviceStatus | None, Alert | None]:
        """The device and the alert that the right side is about, and that `a` acknowledges."""
        if self._alerts_lead and (key := self.alerts.selected) is not None:
            alert = self._plant.alerts.get(AlertId(key))
            if alert is not None:
                return self._plant.devices.get(alert.device_id), alert
        key = self.devices.selected
        status = None if key is None else self._plant.devices.get(DeviceId(key))
        alerts = [] if status is None else self._plant.alerts_of(status.device.id)
        return status, alerts[0] if alerts else None

    def _draw(self, status: DeviceStatus | None, alert: Alert | None) -> None:
        """Have the signal drawn, if it is another one or its picture is old."""
        if status is None or not self._catalogue:
            return  # a signal has no name yet
        device, measured = status.device, [value.metric for value in status.latest]
        of_alert = alert.metric if alert is not None else None
        metric = self._signals.get(device.id) or of_alert or next(iter(self._known(measured)), None)
        if metric is None:
            self.trend.border_title = Content(device.name)
            self.trend.say("It has never sent anything.")
            self._drawn = None
            return
        wanted = (device.id, metric, self._range, self.trend.points)
        old = monotonic() - self._drawn_at >= self._range.reload_seconds
        if wanted != self._drawn or (old and self._paused_at is None and self._plant.connected):
            if wanted != self._drawn:
                label = next((one.label for one in self._catalogue if one.name == metric), metric)
                title = f"{device.name} · {label} · {self._range.words}"
                self.trend.border_title = Content(title)
                self.trend.say("…")
            self._drawn, self._drawn_at = wanted, monotonic()
            self.draw(status, metric, self._range.length)

    @work(exclusive=True, group="trend")
    async def draw(self, status: DeviceStatus, metric: str, length: timedelta) -> None:
        """Ask for one signal and the limits on it."""
        device = status.device
        until = self._plant.clock(self._clock())
        start_ms, end_ms = (int(time.timestamp() * 1000) for time in (until - length, until))
        try:
            trend, rules = await asyncio.gather(
                self._client.trend(device.id, metric, start_ms, end_ms + 1, self.trend.points),
                self._client.rules(device.id),
            )
        except NotSignedIn as error:
            self._leave(str(error))
        except CarbonseedError as error:
            if self._plant.connected and self.query(TrendView):
                self.trend.say(str(error))
        else:
            if not self.query(TrendView):
                return  # the screen was taken down meanwhile
            limits = [
                limit
                for rule in rules
                if rule.mode is RuleMode.LIVE and rule.metric == metric
                for limit in rule.limits.values()
            ]
            self.trend.show(trend, limits, device.expected_interval_ms, self._zone)

    def action_acknowledge(self) -> None:
        """Acknowledge the alert that is shown under "What to do"."""
        _, alert = self._subject()
        if alert is None:
            self._say("There is no open alert here. Tab goes to the alerts.")
        elif alert.state not in WAITING:
            self._say(f"{alert.acknowledged_by or 'Somebody'} has acknowledged this already.")
        else:
            self.acknowledge(alert.id)

    @work(group="acknowledge")
    async def acknowledge(self, alert_id: AlertId) -> None:
        """Tell the server; what it refuses, and who was first, is told in its words."""
        try:
            self._plant.take(await self._client.acknowledge(alert_id))
        except NotSignedIn as error:
            self._leave(str(error))
        except CarbonseedError as error:
            self._say(f"Not acknowledged. {error}", bad=True)
        else:
            self._repaint()

    def action_next_abnormal(self, step: int) -> None:
        """The next device, or the one before, that needs a look."""
        shown = self._plant.ordered_devices(self.wanted.value.strip())
        abnormal = [one.device.id for one in shown if self._plant.abnormal(one)]
        if not abnormal:
            self._say("Nothing is abnormal.")
            return
        selected = self.devices.selected
        at = abnormal.index(DeviceId(selected)) if selected in abnormal else -1 if step > 0 else 0
        self.devices.select(abnormal[(at + step) % len(abnormal)])
        self.devices.focus()

    def action_range(self, which: int) -> None:
        """How far back the picture reaches."""
        self._range = RANGES[which]
        self.paint()

    def action_next_signal(self) -> None:
        """Another metric of the same device."""
        status, _ = self._subject()
        names = self._known([value.metric for value in status.latest]) if status else []
        if status is not None and names and self._drawn is not None:
            at = names.index(self._drawn[1]) if self._drawn[1] in names else -1
            self._signals[status.device.id] = names[(at + 1) % len(names)]
            self.paint()

    def action_pause(self) -> None:
        """Let devices and picture stand still, or go on. Alerts never stand still."""
        paused = self._paused_at is not None
        self._paused_at = None if paused else self._plant.clock(self._clock())
        self.paint()

    def action_filter(self) -> None:
        """Type what devices to show."""
        self.wanted.add_class("shown")
        self.wanted.focus()

    def action_back(self) -> None:
        """From the picture to the lists; from a filter to all devices."""
        if self.has_class("-detail"):
            self.remove_class("-detail")
        else:
            self.wanted.clear()
            self.wanted.remove_class("shown")
        (self.alerts if self._alerts_lead else self.devices).focus()

    @on(Input.Changed, "#filter")
    def narrow(self) -> None:
        """Show what fits so far."""
        self.paint()

    @on(Input.Submitted, "#filter")
    def keep_filter(self) -> None:
        """Back to the list, filtered."""
        self.devices.focus()

    @on(DataTable.RowHighlighted)
    def follow_cursor(self) -> None:
        """The right side is about the row under the cursor."""
        self._paint_subject(self._plant.clock(self._clock()))

    @on(DataTable.RowSelected)
    def open_detail(self) -> None:
        """On a narrow terminal, the picture takes the place of the lists."""
        self.set_class(self.has_class("-narrow"), "-detail")

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The list that was in use last leads the right side."""
        if isinstance(event.widget, Grid):
            self._alerts_lead = event.widget is self.alerts
            self.paint()

    def _known(self, names: list[str]) -> list[str]:
        """In the order of the catalogue."""
        return [metric.name for metric in self._catalogue if metric.name in names]

    def _digits(self, metric: str | None) -> int:
        """How many digits a metric is told with."""
        return next((one.digits for one in self._catalogue if one.name == metric), 1)

    def _recolour(self) -> None:
        for grid in (self.devices, self.alerts):
            grid.forget()
        self.paint()

    def _say(self, words: str, *, bad: bool = False) -> None:
        self.notify(words, severity="error" if bad else "information", markup=False)

    def _leave(self, words: str) -> None:
        """The session is over; whatever lies over this screen goes with it."""
        while self.app.screen is not self:
            self.app.pop_screen()
        self.dismiss(words)
