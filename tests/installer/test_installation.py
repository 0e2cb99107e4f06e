"""The appliance as plant IT installs it: by install.sh, on a real Docker engine."""

import re
from pathlib import Path

import pytest

from tests.installer.conftest import wait_for
from tests.installer.plant import Plant

pytestmark = pytest.mark.docker


def test_a_reading_is_there_after_a_restart(plant: Plant) -> None:
    plant.must("restart")
    assert plant.values() == [20.5]
    assert plant.post(0)["duplicate"] == 1
    assert plant.values() == [20.5]


def test_the_way_in_and_the_way_to_trust_are_told(plant: Plant) -> None:
    told = plant.must("setup")
    assert (
        f"There is an administrator already. Sign in at https://localhost:{plant.people_port}"
        in told
    )
    assert "SHA-256" in told
    assert plant.must("plant-ca") == (plant.folder / "plant-ca.pem").read_text()
    assert "is ready" in plant.must("status")


def test_a_second_run_changes_nothing(plant: Plant) -> None:
    def state() -> dict[str, object]:
        files = [path for path in plant.folder.rglob("*") if path.is_file()]
        return {
            **{str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files},
            **{name: plant.inspect(name)["Id"] for name in ("database", "appliance")},
            "started": plant.inspect("appliance")["State"]["StartedAt"],
        }

    before = state()
    again = plant.install()
    assert again.returncode == 0, again.stdout + again.stderr
    assert "There is an administrator already" in again.stdout
    assert "setup?code" not in again.stdout
    assert state() == before
    unadorned = plant.installer()  # the options are kept
    assert unadorned.returncode == 0, unadorned.stdout + unadorned.stderr
    assert state() == before


@pytest.mark.parametrize("service", ["appliance", "database"])
def test_a_container_may_do_no_more_than_it_must(plant: Plant, service: str) -> None:
    told = plant.inspect(service)
    held = told["HostConfig"]
    assert held["ReadonlyRootfs"]
    assert held["CapDrop"] == ["ALL"]
    assert not held["CapAdd"]
    assert not held["Privileged"]
    assert "no-new-privileges:true" in held["SecurityOpt"]
    assert held["Memory"] > 0
    assert held["NanoCpus"] > 0
    assert held["PidsLimit"] > 0
    assert held["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "5"}
    assert told["State"]["Health"]["Status"] == "healthy"
    inside = plant.engine.docker("exec", plant.container(service), "id", "-u")
    assert inside.stdout.strip() == {"appliance": "10001", "database": "999"}[service]
    written = plant.engine.docker("exec", plant.container(service), "touch", "/usr/x", check=False)
    assert "Read-only file system" in written.stderr
    assert plant.engine.docker("port", plant.container("database")).stdout == ""


def test_no_secret_is_in_an_environment_or_a_log(plant: Plant) -> None:
    folder = plant.folder / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    secrets = {path.name: path.read_text().strip() for path in folder.iterdir()}
    assert set(secrets) == {"database_password", "superuser_password"}
    assert len(set(secrets.values())) == 2
    assert all(len(text) == 64 for text in secrets.values())
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    image = plant.inspect("appliance")["Config"]["Image"]
    seen = plant.engine.docker("history", "--no-trunc", image).stdout
    for service in ("appliance", "database"):
        seen += plant.engine.docker("inspect", plant.container(service)).stdout
        logged = plant.engine.docker("logs", plant.container(service))
        seen += logged.stdout + logged.stderr
    assert "carbonseed@database" in seen
    for text in (*secrets.values(), plant.device_key):
        assert text not in seen


def test_the_image_has_no_node_no_compiler_and_no_pip(plant: Plant) -> None:
    sought = "for name in node npm cc gcc pip; do command -v $name; done; true"
    found = plant.engine.docker("exec", plant.container("appliance"), "sh", "-c", sought)
    assert found.stdout == ""
    without = plant.engine.docker(
        "exec", plant.container("appliance"), "python", "-c", "import pip", check=False
    )
    assert without.returncode == 1


def test_the_appliance_is_no_superuser_of_its_database(plant: Plant) -> None:
    ask = "select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = 'carbonseed'"
    told = plant.must("compose", "exec", "-T", "database", "psql", "-U", "postgres", "-Atc", ask)
    assert told.strip() == "f|f|f"


def test_a_backup_brings_a_wrecked_plant_back(plant: Plant, tmp_path: Path) -> None:
    file = Path(plant.must("backup", "--to", str(tmp_path)).strip())
    assert file.parent == tmp_path
    assert file.stat().st_mode & 0o777 == 0o600
    assert "is whole: 1 streams and 1 batches" in plant.must("backup", "verify", str(file))
    authority = plant.must("plant-ca")

    plant.must("compose", "down")
    plant.engine.docker("volume", "rm", f"{plant.name}_data", f"{plant.name}_database")
    anew = plant.install()
    assert anew.returncode == 0, anew.stdout + anew.stderr
    assert "setup?code" in anew.stdout
    assert plant.must("plant-ca") != authority

    plant.must("restore", str(file), "--yes")
    assert plant.installer().returncode == 0  # lays the copy of the CA right
    assert plant.must("plant-ca") == authority
    assert plant.values() == [20.5]
    assert plant.post(0)["duplicate"] == 1
    assert plant.values() == [20.5]
    left = plant.engine.docker("volume", "ls", "-q").stdout.split()
    assert sorted(left) == [f"{plant.name}_data", f"{plant.name}_database"]


def test_an_update_backs_up_first_and_keeps_everything(plant: Plant) -> None:
    before = plant.inspect("appliance")["Image"]
    readme = plant.engine.sources / "README.md"
    readme.write_text(readme.read_text() + "\nNewer.\n")
    updated = plant.installer()
    assert updated.returncode == 0, updated.stdout + updated.stderr
    assert "→ Backing up before the update" in updated.stdout
    made = re.search(r"^/.*\.tar$", updated.stdout, re.MULTILINE)
    assert made
    assert Path(made[0]).is_file()
    assert plant.inspect("appliance")["Image"] != before
    assert plant.values() == [20.5]


def test_a_damaged_backup_changes_nothing(plant: Plant, tmp_path: Path) -> None:
    file = Path(plant.must("backup", "--to", str(tmp_path)).strip())
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(whole)
    told = plant.carbonseed("restore", str(file), "--yes")
    assert told.returncode == 8, told.stdout + told.stderr
    assert f"{file} is damaged" in told.stderr
    assert plant.values() == [20.5]


def test_an_appliance_that_was_killed_can_be_restored(plant: Plant, tmp_path: Path) -> None:
    file = plant.must("backup", "--to", str(tmp_path)).strip()
    plant.engine.docker("kill", "--signal", "KILL", plant.container("appliance"))
    plant.must("restore", file, "--yes")
    assert plant.values() == [20.5]


def test_data_outlives_an_uninstall_and_compose_2_goes_on_with_it(plant: Plant) -> None:
    gone = plant.installer("--uninstall")
    assert gone.returncode == 0, gone.stderr
    assert f"volumes {plant.name}_data and {plant.name}_database" in gone.stdout
    assert not plant.container("appliance")
    assert not (plant.prefix / "bin/carbonseed").exists()
    refused = plant.installer("--uninstall", "--purge")
    assert refused.returncode == 2
    assert f"--confirm {plant.name}" in refused.stderr

    plant.plugin = True
    again = plant.installer()
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Compose     2." in again.stdout
    assert plant.values() == [20.5]
    assert plant.must("backup").strip().startswith(str(plant.folder / "backups"))
    assert plant.must("logs", "database").count("\n") > 1


def test_a_run_that_was_killed_is_gone_on_with(another: Plant) -> None:
    for step in ("Files in", "Secrets", "Database", "Appliance"):
        wait_for(another.begin_install(), f"→ {step}")
    done = another.install()
    assert done.returncode == 0, done.stdout + done.stderr
    another.sign_up(done.stdout)
    another.post(0)
    assert another.values() == [20.5]

    assert another.installer("--uninstall", "--purge", "--confirm", "another").returncode == 0
    left = another.engine.docker("volume", "ls", "-q", "--filter", "name=another").stdout
    assert left == ""
    assert not another.folder.exists()
