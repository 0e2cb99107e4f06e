"""People, kept by administrators."""

from quart import Blueprint, Response

from appliance.http.access import actor, allow
from appliance.http.body import body, reply
from appliance.http.context import ctx
from appliance.identity import users
from appliance.identity.users import NewUser, UserChanges
from appliance.model.ids import UserId
from appliance.model.user import Role
from appliance.store.users import select_users

blueprint = Blueprint("users", __name__, url_prefix="/users")


@blueprint.get("")
@allow(Role.ADMINISTRATOR)
async def list_users() -> Response:
    """Everybody."""
    return reply({"users": await select_users(ctx().db)})


@blueprint.post("")
@allow(Role.ADMINISTRATOR)
async def create_user() -> Response:
    """Add somebody; the answer holds the code with which they choose a password."""
    asked = await body(NewUser)
    return reply(await users.create(ctx().db, actor(), asked, ctx().clock()), 201)


@blueprint.patch("/<int:user_id>")
@allow(Role.ADMINISTRATOR)
async def change_user(user_id: int) -> Response:
    """Change somebody."""
    asked = await body(UserChanges)
    return reply(await users.change(ctx().db, actor(), UserId(user_id), asked, ctx().clock()))


@blueprint.post("/<int:user_id>/reset")
@allow(Role.ADMINISTRATOR)
async def reset_user(user_id: int) -> Response:
    """Take somebody's password away; the answer holds the code for the next one."""
    return reply(await users.reset(ctx().db, actor(), UserId(user_id), ctx().clock()))
