"""The first commands that anybody types: help, a key, a judgement of the configuration."""

from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iso_alert.cli import COMMANDS, main
from iso_alert.config.secrets import read_key
from tests.support.authority import authority
from tests.support.bank import KEY
from tests.support.deployment import SMSC, deploy


def run(*arguments: str | Path, **environ: str | None) -> Result:
    """A command in this process."""
    return CliRunner().invoke(main, [*map(str, arguments)], env=environ)


# ---- help


@pytest.mark.parametrize("asked", ["-h", "--help"])
def test_help_names_every_command(asked: str) -> None:
    """With what it is for."""
    result = run(asked)

    assert result.exit_code == 0
    assert [
        name for name, (_, say) in COMMANDS.items() if name not in result.stdout or say.split()[0] not in result.stdout
    ] == []


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("asked", ["-h", "--help"])
def test_every_command_has_help(name: str, asked: str) -> None:
    """The table's module is there, and says how it is used."""
    command = import_module(f"iso_alert.cli.{COMMANDS[name][0]}").command
    command._help_option = None  # click remembers it from a test that ran the command by itself, where -h is not known
    result = run(name, asked)

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Usage: ")


@pytest.mark.parametrize(("typed", "meant"), [("chek", "check"), ("runn", "run"), ("card", "cards"), ("dmeo", "demo")])
def test_a_mistyped_command_has_a_neighbour(typed: str, meant: str) -> None:
    """And leaves with 2, as usage faults do."""
    result = run(typed)

    assert result.exit_code == 2
    assert f"Did you mean {meant}?" in result.stderr


@pytest.mark.parametrize(
    "arguments", [["check", "--nonsense"], ["keygen"], ["cards", "import"], ["run", "--log-level", "loud"]]
)
def test_a_mistake_of_usage_leaves_with_2(arguments: list[str]) -> None:
    """It is told on stderr, and stdout is left to data."""
    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


# ---- keygen


def test_a_key_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """256 bits; and the key itself is not printed."""
    file = tmp_path / "pan.key"
    result = run("keygen", file)

    assert (result.exit_code, result.stdout) == (0, "")
    assert len(read_key(file)) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() not in result.output


def test_two_keys_are_two(tmp_path: Path) -> None:
    """Nobody shares one."""
    for name in "ab":
        run("keygen", tmp_path / name)

    assert read_key(tmp_path / "a") != read_key(tmp_path / "b")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """Without its key the tokens in a store mean nothing."""
    file = tmp_path / "pan.key"
    run("keygen", file)
    before = file.read_text()
    result = run("keygen", file)

    assert (result.exit_code, file.read_text()) == (1, before)
    assert "exists" in result.stderr


def test_a_key_cannot_be_made_nowhere(tmp_path: Path) -> None:
    """One line, no traceback."""
    result = run("keygen", tmp_path / "nowhere" / "pan.key")

    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


# ---- check


def test_a_good_configuration(tmp_path: Path) -> None:
    """What would be opened, on stdout; no secret."""
    path = deploy(tmp_path)
    result = run("check", "-c", path)

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == f"{path}: good"
    assert KEY.hex() not in result.stdout
    assert "hunter2" not in result.stdout
    assert sorted(each.name for each in tmp_path.iterdir()) == ["iso-alert.toml", "pan.key", "smsc.password"]


def test_a_certificate_that_has_ended_is_told(tmp_path: Path) -> None:
    """The service would start with it, and no host would come in: exit code 3."""
    path = deploy(tmp_path)
    authority().issue(tmp_path, "localhost", ends=1_600_000_000.0)
    tls = 'tls = { certificate = "localhost.pem", key = "localhost.key" }'
    path.write_text(path.read_text().replace('name = "switch"', f'name = "switch"\n{tls}'))
    result = run("check", "-c", path)

    assert result.exit_code == 3
    assert result.stderr == (
        f"{path}: link switch: tls: certificate: a certificate has ended on 2020-09-13: handshakes fail\n"
    )


def test_addresses_are_shown_as_they_are_written(tmp_path: Path) -> None:
    """Of IPv6 in brackets."""
    path = deploy(tmp_path)
    path.write_text(path.read_text().replace('listen = "127.0.0.1:0"', 'listen = "[::1]:8583"', 1))

    assert run("check", "-c", path).stdout.startswith("link switch: [::1]:8583, ")


def test_each_route_is_told(tmp_path: Path) -> None:
    """With its share, where there are several, and with its operator, where that is another name."""
    more = SMSC.format(name="second", more='operator = "ais"\nweight = 2.5')
    result = run("check", "-c", deploy(tmp_path, more=more))

    assert result.stdout.splitlines()[1:3] == [
        "smsc operator: 127.0.0.1:9, window 50, weight 1, plain TCP",
        "smsc second (to ais): 127.0.0.1:9, window 50, weight 2.5, plain TCP",
    ]


def test_every_fault_is_told_and_the_code_is_78(tmp_path: Path) -> None:
    """EX_CONFIG, which a supervisor knows not to try again."""
    path = deploy(tmp_path)
    path.write_text(path.read_text().replace("pan.key", "no.key").replace("127.0.0.1:9", "nowhere"))
    result = run("check", "-c", path)

    assert (result.exit_code, result.stdout) == (78, "")
    assert len(result.stderr.splitlines()) == 2
    assert all(line.startswith(f"{path}: ") for line in result.stderr.splitlines())


def test_where_the_configuration_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As given, else as ISO_ALERT_CONFIG says, else in the working directory."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = deploy(tmp_path / "one"), deploy(tmp_path / "two")
    monkeypatch.chdir(tmp_path / "two")

    assert str(one) in run("check", "-c", one, ISO_ALERT_CONFIG=str(two)).stdout
    assert str(two) in run("check", ISO_ALERT_CONFIG=str(two)).stdout
    assert "iso-alert.toml: good" in run("check", ISO_ALERT_CONFIG=None).stdout


def test_the_environment_is_judged_too(tmp_path: Path) -> None:
    """It overrides the file, so its faults are the configuration's."""
    result = run("check", "-c", deploy(tmp_path), ISO_ALERT__LINK__0__WINDOW="0")

    assert result.exit_code == 78
    assert "window must be more than nothing" in result.stderr
