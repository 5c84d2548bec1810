"""`iso-alert what-if`: another policy over the journal's decisions; nothing is sent."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iso_alert.cli.common import config_option, tell_faults
from iso_alert.cli.moments import Moment

if TYPE_CHECKING:
    from iso_alert.service.what_if import Answer, WhatIf
    from iso_alert.store.inquiry import Inquiry


@click.command()
@config_option
@click.argument("policy", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--since", type=Moment(), help="2026-11-01, or 30d (ago); else from the beginning.")
@click.option("--until", type=Moment(), help="Else until now.")
@click.option("--price", type=float, help="Baht for one part, to tell the cost too.")
@click.option("--json", "as_json", is_flag=True)
def command(
    config: str | None, policy: Path, since: float | None, until: float | None, price: float | None, as_json: bool
) -> None:
    """Replay the journal's decisions against POLICY, a file like specs/policy.toml.

    \b
    Examples:
      iso-alert what-if new-policy.toml --since 30d
      iso-alert what-if new-policy.toml --since 2026-10-01 --until 2026-11-01 --price 0.25

    Every version in POLICY counts from its own effective_from.  Parts are estimated from the texts.
    """
    import tomllib

    from iso_alert.config import ConfigError, find, load
    from iso_alert.domain.policy import PolicyError, read_policy
    from iso_alert.service.what_if import WhatIf
    from iso_alert.store.inquiry import Inquiry, span
    from iso_alert.store.port import StoreUnavailable

    try:
        good = load(find(config))
        other = read_policy(tomllib.loads(policy.read_text(encoding="utf-8")))
        inquiry = Inquiry(good.store)
    except ConfigError as error:
        tell_faults(error.faults)
    except (PolicyError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        tell_faults([f"{policy}: {line}" for line in str(error).splitlines()])
    except StoreUnavailable as error:
        raise click.ClickException(str(error)) from None
    click.get_current_context().call_on_close(inquiry.close)
    within = span(since, until)
    question = WhatIf(other, good.rulebook.texts, inquiry.decision)
    if sys.stderr.isatty():
        _with_bar(question, inquiry, within)
    else:
        question.run(inquiry.decisions(within))
    click.echo(_as_line(question.answer, price) if as_json else _as_table(question.answer, price))


def _with_bar(question: "WhatIf", inquiry: "Inquiry", within: tuple[int, int]) -> None:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bars:
        bar = bars.add_task("decisions", total=inquiry.count(within))
        question.run(inquiry.decisions(within), lambda done: bars.update(bar, completed=done))


def _as_table(answer: "Answer", price: float | None) -> str:
    heads = f"{'SMS':>10}{'then':>10}{'more':>10}{'parts':>12}{'then':>10}"
    lines = [f"{answer.messages} decisions", f"{'channel':<12}{'card':<8}{heads}"]
    cells = sorted({*answer.sms, *answer.sms_then}, key=lambda cell: (cell.channel, cell.kind))
    for cell in cells:
        was, then = answer.sms[cell], answer.sms_then[cell]
        parts = f"{answer.parts[cell]:>12}{answer.parts_then[cell]:>10}"
        lines.append(f"{cell.channel:<12}{cell.kind:<8}{was:>10}{then:>10}{then - was:>+10}{parts}")
    was, then = answer.sms.total(), answer.sms_then.total()
    parts_was, parts_then = answer.parts.total(), answer.parts_then.total()
    lines.append(f"{'all':<20}{was:>10}{then:>10}{then - was:>+10}{parts_was:>12}{parts_then:>10}")
    if price is not None:
        lines.append(f"cost: THB {parts_was * price:,.2f}, then THB {parts_then * price:,.2f}")
    lines.append(f"customers who begin to be told: {answer.begin}; who cease: {answer.cease}")
    return "\n".join(lines)


def _as_line(answer: "Answer", price: float | None) -> str:
    cells = sorted({*answer.sms, *answer.sms_then}, key=lambda cell: (cell.channel, cell.kind))
    rows = [
        {
            "channel": cell.channel,
            "kind": cell.kind,
            "sms": answer.sms[cell],
            "sms_then": answer.sms_then[cell],
            "parts": answer.parts[cell],
            "parts_then": answer.parts_then[cell],
        }
        for cell in cells
    ]
    cost = price and {"cost": answer.parts.total() * price, "cost_then": answer.parts_then.total() * price}
    told = {"begin": answer.begin, "cease": answer.cease}
    return json.dumps({"decisions": answer.messages, "rows": rows, "customers": told, **(cost or {})})
