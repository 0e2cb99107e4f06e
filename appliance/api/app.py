"""The web application: its limits, guards and blueprints around the resources it is given."""

from typing import Any

from quart import Quart
from werkzeug.routing import IntegerConverter

from appliance.api import (
    alerts,
    audit,
    auth,
    commands,
    completeness,
    data,
    data_export,
    device_claims,
    device_config,
    device_log,
    devices,
    factories,
    firmware,
    incidents,
    insights,
    live,
    machines,
    metrics,
    notifications,
    pilot_requests,
    reports,
    retention,
    rules,
    storage,
    users,
)
from appliance.http import access, context, headers, problems
from appliance.http.context import Context

MAX_BODY_BYTES = 256 * 1024
BODY_SECONDS = 15

NOUNS = (
    alerts,
    audit,
    auth,
    commands,
    completeness,
    data,
    data_export,
    device_claims,
    device_config,
    device_log,
    devices,
    factories,
    firmware,
    incidents,
    insights,
    live,
    machines,
    metrics,
    notifications,
    pilot_requests,
    reports,
    retention,
    rules,
    storage,
    users,
)


class _Identifier(IntegerConverter):
    """What `<int:…>` in a path accepts: no number that the database could not hold."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max": 2**31 - 1, **options})


def create_app(resources: Context) -> Quart:
    """The API on these resources; pages may be added to it."""
    app = Quart("carbonseed", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["BODY_TIMEOUT"] = BODY_SECONDS
    app.url_map.converters = {**app.url_map.converters, "int": _Identifier}
    context.bind(app, resources)
    problems.handle_errors(app)
    access.guard(app)
    headers.secure(app)
    for noun in NOUNS:
        app.register_blueprint(noun.blueprint)
    return app
