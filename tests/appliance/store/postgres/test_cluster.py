import asyncio
import os
import shutil
import stat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
import uvloop

from appliance.errors import AlreadyRunning
from appliance.store.postgres import ClusterError, owner, server
from appliance.store.postgres.binaries import Binaries
from appliance.store.postgres.cluster import Cluster, open_cluster
from appliance.store.postgres.layout import Layout


async def query(url: str, statement: str):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def newest_log(folder: Path) -> str:
    return max(Layout(folder).log.iterdir(), key=lambda log: log.stat().st_mtime).read_text()


@pytest.fixture
def found(folder: Path) -> Path:
    """A folder with a data folder in it that nobody has started yet."""
    Layout(folder).make_folders(owner.find(folder))
    Layout(folder).data.mkdir()
    return Layout(folder).data


async def test_a_first_start_makes_a_database_whose_role_is_no_superuser(folder):
    async with open_cluster(folder, system=()) as cluster:
        assert cluster.binaries.major == 18
        who = "select current_user || ' in ' || current_database()"
        assert await query(cluster.url, who) == "carbonseed in carbonseed"
        superuser = "select rolsuper from pg_roles where rolname = current_user"
        assert await query(cluster.url, superuser) is False
        await query(cluster.url, "create table readings (value float8)")


async def test_what_is_committed_is_there_after_a_restart(folder):
    async with open_cluster(folder, system=()) as cluster:
        await query(cluster.url, "create table kept as select 42 as value")
        first = cluster.url
    async with open_cluster(folder, system=()) as cluster:
        assert await query(cluster.url, "select value from kept") == 42
        assert cluster.url == first


async def test_the_default_search_finds_a_server_that_works(folder):
    async with open_cluster(folder) as cluster:
        version = await query(cluster.url, "select current_setting('server_version_num')::int")
        assert version // 10_000 == cluster.binaries.major >= 15
        assert await query(cluster.url, "show data_checksums") == "on"
        assert await query(cluster.url, "select lower('ÄÖÜ') = 'äöü'")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("listen_addresses", ""),
        ("password_encryption", "scram-sha-256"),
        ("data_checksums", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
    ],
)
async def test_the_server_is_set_as_meant(cluster: Cluster, setting, value):
    assert await query(cluster.url, f"show {setting}") == value


async def test_a_wrong_password_is_refused(cluster: Cluster, tmp_path):
    password = urlsplit(cluster.url).password
    for wrong in ("wrong", "", urlsplit(cluster.superuser_url).password):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(cluster.url.replace(password, wrong), passfile=tmp_path / "none")


def test_no_network_port_is_open(cluster: Cluster):
    inodes = {
        line.split()[9]
        for table in ("tcp", "tcp6", "udp", "udp6")
        for line in Path("/proc/net", table).read_text().splitlines()[1:]
    }
    links = [str(handle.readlink()) for handle in Path(f"/proc/{cluster.pid}/fd").iterdir()]
    sockets = {link[8:-1] for link in links if link.startswith("socket:[")}
    assert sockets, "the unix socket at least"
    assert not sockets & inodes


async def test_secrets_and_sockets_are_for_the_owner_alone(folder):
    async with open_cluster(folder, system=()):
        layout = Layout(folder)
        paths = (folder, layout.data, layout.sockets, *folder.glob("*.password"))
        assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in paths} == {
            "carbonseed.password": 0o600,
            "postgres.password": 0o600,
            "postgres": 0o711 if os.geteuid() == 0 else 0o700,
            "data": 0o700,
            "run": 0o700,
        }


def test_passwords_are_in_no_command_line_and_no_log(cluster: Cluster):
    password = urlsplit(cluster.url).password
    folder = Path(parse_qs(urlsplit(cluster.url).query)["host"][0]).parent
    assert (folder / "carbonseed.password").read_text() == password
    log = [file.read_text() for file in (folder / "log").iterdir()]
    assert log
    for text in (Path(f"/proc/{cluster.pid}/cmdline").read_text(), *log):
        assert password not in text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a step down to take")
def test_root_does_not_run_the_server(cluster: Cluster):
    status = Path(f"/proc/{cluster.pid}/status").read_text()
    ids = dict(line.split(":\t", 1) for line in status.splitlines())
    assert "0" not in (ids["Uid"] + "\t" + ids["Gid"]).split("\t")
    assert not {"0"} & set(ids["Groups"].split())


async def test_a_second_start_on_the_same_folder_is_refused_and_names_the_process(folder):
    async with open_cluster(folder, system=()) as cluster:
        with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}\\).*{folder}"):
            async with open_cluster(folder, system=()):
                pass
        assert await query(cluster.url, "select 1") == 1


@pytest.mark.parametrize("name", ["x" * 150, "a, b", "Größe 1", "a%20b?host=c", "l'eau"])
async def test_any_folder_name_will_do(folder, name):
    async with open_cluster(folder / name, system=()) as cluster:
        assert await query(cluster.url, "select 1") == 1
        elsewhere = Layout(folder / name).sockets
    if elsewhere.parent != folder / name:
        assert elsewhere.stat().st_mode & 0o077 == 0
        elsewhere.rmdir()


async def test_a_socket_folder_that_somebody_else_made_is_not_used(folder):
    far = folder / ("x" * 150)
    Layout(far).sockets.mkdir(mode=0o755)
    try:
        with pytest.raises(ClusterError, match=f"{Layout(far).sockets} is to hold"):
            async with open_cluster(far, system=()):
                pass
    finally:
        Layout(far).sockets.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a step down to take")
async def test_a_folder_the_server_may_not_reach_is_named(folder):
    folder.parent.chmod(0o700)
    with pytest.raises(ClusterError, match=f"carbonseed, who may not enter {folder}"):
        async with open_cluster(folder, system=()):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a step down to take")
async def test_what_root_runs_writes_or_locks_the_server_cannot_change(folder):
    async with open_cluster(folder, system=()) as cluster:
        programs = cluster.binaries.folder
    writable = {"data", "log", "run"}
    for path in (folder, *folder.iterdir(), *programs.iterdir(), programs, programs.parent):
        assert path.name in writable or (path.owner() == "root" and not path.stat().st_mode & 0o022)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make the folder of another user")
async def test_a_folder_of_another_user_is_left_to_that_user(folder):
    folder.mkdir()
    shutil.chown(folder, "nobody")
    with pytest.raises(ClusterError, match=f"{folder} belongs to the user nobody"):
        async with open_cluster(folder, system=()):
            pass
    assert not [*folder.iterdir()]


async def test_data_of_another_major_version_is_refused_with_what_to_do(folder, found):
    (found / "PG_VERSION").write_text("9\n")
    with pytest.raises(ClusterError, match=r"written by PostgreSQL 9.*18\.\d.*CARBONSEED_PG_BIN"):
        async with open_cluster(folder, system=()):
            pass


async def test_a_folder_with_other_things_in_it_is_left_alone(folder, found):
    (found / "holiday.jpg").write_text("sunny")
    with pytest.raises(ClusterError, match="holds no PostgreSQL data"):
        async with open_cluster(folder, system=()):
            pass
    assert (found / "holiday.jpg").exists()


async def test_data_stays_with_the_major_version_that_made_it(folder):
    async with open_cluster(folder) as cluster:
        made_by = cluster.binaries
    if made_by.major == 18:
        pytest.skip("this machine has no PostgreSQL but 18")
    with pytest.raises(ClusterError, match=f"written by PostgreSQL {made_by.major}"):
        async with open_cluster(folder, system=()):
            pass
    async with open_cluster(folder, binaries=made_by.folder) as cluster:
        assert await query(cluster.url, "select 1") == 1


async def test_a_half_made_data_folder_is_made_anew(folder, found):
    (found / "PG_VERSION").write_text("18\n")
    found.rename(folder / "data.new")
    async with open_cluster(folder, system=()) as cluster:
        assert await query(cluster.url, "select 1") == 1
    assert not (folder / "data.new").exists()


async def test_a_lost_or_wrong_password_file_is_named(folder):
    async with open_cluster(folder, system=()):
        pass
    secret = Layout(folder).secret("postgres")
    for file in (secret, Layout(folder).secret("carbonseed")):
        file.write_text("wrong")
    with pytest.raises(ClusterError, match=f"{secret} does not fit"):
        async with open_cluster(folder, system=()):
            pass
    secret.unlink()
    with pytest.raises(ClusterError, match=f"{secret} is missing"):
        async with open_cluster(folder, system=()):
            pass
    assert not secret.exists()
    assert await asyncio.to_thread(server.left_behind, Layout(folder)) is None


async def test_the_appliances_own_password_is_made_again_when_lost(folder):
    async with open_cluster(folder, system=()) as cluster:
        first = cluster.url
    Layout(folder).secret("carbonseed").unlink()
    async with open_cluster(folder, system=()) as cluster:
        assert cluster.url != first
        assert await query(cluster.url, "select 1") == 1


async def test_a_server_that_does_not_start_says_why(folder):
    with pytest.raises(ClusterError, match=r'(?s)does not start.*"shared_buffers": "plenty"'):
        async with open_cluster(folder, system=(), settings={"shared_buffers": "plenty"}):
            pass
    async with open_cluster(folder, system=()) as cluster:
        assert await query(cluster.url, "select 1") == 1


async def test_a_program_that_cannot_run_is_said_so(folder, monkeypatch):
    monkeypatch.setattr(Binaries, "program", lambda self, name: str(self.folder / "gone" / name))
    with pytest.raises(ClusterError, match="gone/initdb"):
        async with open_cluster(folder, system=()):
            pass
    monkeypatch.undo()
    async with open_cluster(folder, system=()):
        pass
    monkeypatch.setattr(Binaries, "program", lambda self, name: str(self.folder / "gone" / name))
    with pytest.raises(ClusterError, match="gone/postgres"):
        async with open_cluster(folder, system=()):
            pass


async def test_a_role_or_database_that_was_removed_is_made_again(folder):
    async with open_cluster(folder, system=()) as cluster:
        await query(cluster.superuser_url, "drop database carbonseed")
        await query(cluster.superuser_url, "drop role carbonseed")
    async with open_cluster(folder, system=()) as cluster:
        assert await query(cluster.url, "select current_user") == "carbonseed"


async def test_rules_that_shut_the_appliance_out_are_said_so(folder):
    async with open_cluster(folder, system=()):
        rules = Layout(folder).data / "pg_hba.conf"
        rules.write_text("local all postgres scram-sha-256\n")
    with pytest.raises(ClusterError, match=r"does not let the appliance in: no pg_hba\.conf entry"):
        async with open_cluster(folder, system=()):
            pass
    assert await asyncio.to_thread(server.left_behind, Layout(folder)) is None


async def test_a_folder_that_cannot_be_made_is_said_so(folder):
    folder.write_text("a file in the way")
    with pytest.raises(ClusterError, match=f"cannot be used: .*{folder}"):
        async with open_cluster(folder / "inside", system=()):
            pass


@pytest.mark.parametrize("seconds", [0.02, 0.2, 0.35, 0.5, 0.65])
async def test_a_start_that_is_given_up_leaves_nothing_running(folder, seconds):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds), open_cluster(folder, system=()):
            await asyncio.sleep(60)
    async with open_cluster(folder, system=()) as cluster:
        assert await query(cluster.url, "select 1") == 1
    assert await asyncio.to_thread(server.left_behind, Layout(folder)) is None


async def test_a_wait_for_a_server_that_is_given_up_ends_the_server(folder):
    with pytest.raises(TimeoutError):  # it starts, but where nobody looks for it
        async with asyncio.timeout(2), open_cluster(folder, system=(), settings={"port": "5433"}):
            pass
    assert "ready to accept connections" in newest_log(folder)
    assert not (Layout(folder).data / "postmaster.pid").exists()


def test_it_runs_on_uvloop(folder):
    async def whole_life() -> int:
        async with open_cluster(folder, system=()) as cluster:
            answer = await query(cluster.url, "select 42")
        assert await cluster.wait() == 0
        return answer

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(whole_life()) == 42
