"""The catalogue over HTTP."""

from appliance.model.user import Role


async def test_the_catalogue_names_units_and_digits(sign_in) -> None:
    told = await (await (await sign_in(Role.MANAGER)).get("/metrics")).get_json()
    by_name = {metric["name"]: metric for metric in told["metrics"]}
    assert by_name["temperature"] == {
        "id": 1,
        "name": "temperature",
        "unit": "Cel",
        "unit_label": "°C",
        "label": "Temperature",
        "digits": 1,
    }
    assert {"gas", "vibration", "running"} <= set(by_name)
