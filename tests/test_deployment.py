"""docker-compose.yml, the image and the proxy: what an office may rely on before it starts them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "docker-compose.yml"
FILLED_IN = {"MIMAMORI_HOST": "mimamori.example"}
"""All that an office with SQLite has to say."""


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))[
        "services"
    ]
    return found


def compose_command() -> list[str]:
    """Return the Compose of this machine, version 2 before version 1."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is not None:
            asked = subprocess.run([*command, "version"], check=False, capture_output=True)
            if asked.returncode == 0:
                return command
    pytest.skip("no Compose on this machine: docker-compose.yml is only read, not asked about")


def compose_config(filled_in: dict[str, str]) -> subprocess.CompletedProcess[str]:
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [*compose_command(), "--file", str(COMPOSE), "config"],
        env=plain | filled_in,
        check=False,
        capture_output=True,
        text=True,
    )


def test_compose_accepts_the_file_once_it_is_filled_in() -> None:
    answer = compose_config(FILLED_IN)

    assert answer.returncode == 0, answer.stderr
    assert yaml.safe_load(answer.stdout)["services"]["mimamori"]["environment"][
        "MIMAMORI_PUBLIC_URL"
    ] == ("https://mimamori.example")


def test_compose_refuses_to_start_without_the_name_that_only_the_office_knows() -> None:
    answer = compose_config({})

    assert answer.returncode != 0
    assert "MIMAMORI_HOST" in answer.stderr


def test_a_setting_of_the_office_reaches_the_server() -> None:
    answer = compose_config(FILLED_IN | {"MIMAMORI_DATABASE_URL": "postgresql://elsewhere/calls"})

    environment = yaml.safe_load(answer.stdout)["services"]["mimamori"]["environment"]
    assert environment["MIMAMORI_DATABASE_URL"] == "postgresql://elsewhere/calls"


def test_no_secret_has_a_default() -> None:
    text = COMPOSE.read_text(encoding="utf-8") + (ROOT / "deploy/example.env").read_text("utf-8")
    secret = r"(?:\w*_)?(?:PASSWORD|TOKEN|SECRET|KEY)"

    from_outside = re.findall(r"(?<!\$)\$\{" + secret + r"([^}]*)\}", text)
    written_here = re.findall(
        r"^[\s#-]*" + secret + r"\s*[=:][ \t]*\"?([^\s\"$].*)", text, re.MULTILINE
    )

    assert from_outside == [":-", ":-"]
    assert written_here == []


def test_nats_does_not_start_without_a_token() -> None:
    command = (
        services()["nats"]["entrypoint"][-1].replace("$$", "$").replace("exec nats-server", "echo")
    )

    without = subprocess.run(
        ["sh", "-c", command], env={"NATS_TOKEN": ""}, check=False, capture_output=True, text=True
    )
    with_one = subprocess.run(
        ["sh", "-c", command], env={"NATS_TOKEN": "t"}, check=False, capture_output=True, text=True
    )

    assert without.returncode != 0
    assert "NATS_TOKEN" in without.stderr
    assert "--auth=t" in with_one.stdout


def test_no_service_has_more_rights_than_it_needs() -> None:
    found = services()

    assert all(service["read_only"] for service in found.values())
    assert all(service["cap_drop"] == ["ALL"] for service in found.values())
    assert all("no-new-privileges:true" in service["security_opt"] for service in found.values())
    assert [
        name
        for name, service in found.items()
        if {"privileged", "network_mode", "pid", "devices"} & service.keys()
    ] == []
    assert {
        name: service["cap_add"] for name, service in found.items() if "cap_add" in service
    } == {"proxy": ["NET_BIND_SERVICE"]}


def test_only_the_proxy_can_be_reached_and_speech_has_no_way_out() -> None:
    networks = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["networks"]

    published = {
        name: service["ports"] for name, service in services().items() if "ports" in service
    }
    outside = [name for name, service in services().items() if "outside" in service["networks"]]

    assert published == {"proxy": ["443:443"]}
    assert outside == ["proxy"]
    assert networks["inside"] == {"internal": True}


def test_the_server_is_given_only_settings_that_it_has() -> None:
    given = {name for name in services()["mimamori"]["environment"] if name.startswith("MIMAMORI_")}

    documented = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    assert given
    assert [name for name in given if f"`{name}`" not in documented] == []


def test_every_other_setting_reaches_the_server_in_a_file_that_it_cannot_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.settings import Settings

    mounted = [volume.split(":") for volume in services()["mimamori"]["volumes"]]
    ((_, inside, _),) = [parts for parts in mounted if parts[0] == "./deploy/settings"]
    example = (ROOT / "deploy/example.env").read_text(encoding="utf-8")
    page = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "office.toml").write_text("".join(shown), encoding="utf-8")
    monkeypatch.setenv("MIMAMORI_CONFIG", str(tmp_path / "office.toml"))

    settings = Settings()

    assert ["./deploy/settings", inside, "ro"] in mounted
    assert "MIMAMORI_CONFIG" in services()["mimamori"]["environment"]
    assert f"MIMAMORI_CONFIG={inside}/office.toml" in example
    assert f"MIMAMORI_CONFIG={inside}/office.toml" in page
    assert settings.telephony.sections_by_number == {"0119999999": "市民課"}
    assert settings.recording.sections


def test_every_service_tells_how_it_is_and_the_server_by_its_readiness() -> None:
    tests = {name: service["healthcheck"]["test"] for name, service in services().items()}

    assert "/readyz" in tests["mimamori"][-1]
    assert tests.keys() == services().keys()


def test_readiness_is_asked_of_the_server_itself_whatever_proxy_the_office_has() -> None:
    asked: list[str] = []

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    compose = services()["mimamori"]["healthcheck"]["test"]
    (image,) = re.findall(
        r"^HEALTHCHECK .*?CMD (\[.*?\])$",
        (ROOT / "Dockerfile").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        code = compose[-1].replace(":8000/", f":{server.server_port}/")
        nowhere = dict.fromkeys(("http_proxy", "HTTP_PROXY"), "http://127.0.0.1:1")
        done = subprocess.run([sys.executable, "-c", code], env=nowhere, check=False)
        server.shutdown()

    assert json.loads(image) == compose[1:]
    assert (done.returncode, asked) == (0, ["/readyz"])


def test_every_image_is_pinned_to_a_version() -> None:
    built = re.findall(
        r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )
    images = [*built, *(service["image"] for service in services().values())]

    assert len(images) == len(built) + len(services())
    assert [image for image in images if not re.search(r":\d+\.\d+[\w.-]*$", image)] == []


def test_the_image_installs_by_the_lock_and_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    installs = [line for line in lines if "pip install" in line]
    users = [line.split()[1] for line in lines if line.startswith("USER ")]

    assert "--require-hashes --requirement constraints/run.txt" in installs[0]
    assert all("--no-deps --no-build-isolation" in line for line in installs[1:])
    assert users[-1:] == ["mimamori"]
    assert any("chmod 700 /var/lib/mimamori" in line for line in lines)


def test_whatever_the_image_copies_reaches_the_builder() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE)
        for source in line.split()[:-1]
    ]

    assert copied
    assert [source for source in copied if f"!{source}" not in let_in] == []


@pytest.mark.parametrize("page", ["deploy/README.md", "docs/guide/administrator.md"])
def test_who_backs_up_the_tables_is_told_of_every_key_beside_them(page: str) -> None:
    from app.callers.keys import FILE_NAME as CALLERS
    from app.sealing import FILE_NAME as RECORDS
    from app.trail.opening import FILE_NAME as TRAIL

    told = (ROOT / page).read_text(encoding="utf-8")

    assert [name for name in (CALLERS, RECORDS, TRAIL) if f"`{name}`" not in told] == []
    assert all(name.endswith("_keys") for name in (CALLERS, RECORDS, TRAIL))  # as tar is told


def test_the_server_has_time_to_judge_live_calls_before_it_is_stopped() -> None:
    from app.settings import StreamSettings

    grace = services()["mimamori"]["stop_grace_period"]

    assert int(grace.removesuffix("s")) > StreamSettings().drain_seconds
