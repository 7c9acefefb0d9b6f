"""``elicense inspect-ship``: DOC, SMC and ship as one."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from elicense.cli import common, html_output, online_options, record_output


@click.command("inspect-ship")
@click.option("--doc", metavar="FILE", help="The company's DOC or interim DOC.")
@click.option("--smc", metavar="FILE", help="The ship's SMC or interim SMC.")
@click.option("--ship", metavar="imo=…,type=…,flag=…,name=…",
              help="The ship as seen; types and flags by code or name.")
@common.trust_options()
@click.option("--policy", envvar="ELICENSE_POLICY", metavar="NAME|FILE", help="Policy.")
@click.option("--at", callback=common.moment, metavar="TIME", help="Judge as of this time.")
@click.option("--now", callback=common.moment, metavar="TIME",
              help="Time for the freshness of lists (to replay a judgement).")
@click.option("--html", metavar="OUT.html", help="Write an HTML report too, with the time line.")
@record_output.options
@online_options.options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@common.language_option
@click.option("-q", "--quiet", is_flag=True, help="One line.")
@click.option("-v", "--verbose", is_flag=True, help="Each answer with its code and clause.")
def inspect_ship(
    doc: str | None, smc: str | None, ship: str | None, trust: str | None,
    operators: tuple[str, ...], allow_test_trust: bool, policy: str | None,
    at: datetime | None, now: datetime | None, html: str | None, record: str | None,
    digest_only: bool, as_json: bool, lang: str, quiet: bool, verbose: bool, online: bool,
    hosts: tuple[str, ...],
) -> None:  # fmt: skip
    """May this ship sail under these papers? Judges the DOC and the SMC, each on its own and
    both together with the ship. Nothing is fetched from the network unless --online is given.

    Exit code: 0 VALID, 1 INVALID, 3 INDETERMINATE, 4 a file cannot be read, 2 usage."""
    from elicense.errors import Error
    from elicense.policy import DEFAULT, Policy
    from elicense.render import joint
    from elicense.render.text import Style
    from elicense.together import verify_together
    from elicense.verdict import Verdict

    if doc is None and smc is None:
        raise click.UsageError("give --doc, --smc, or both")
    present = datetime.now(UTC)
    report = verify_together(
        doc=doc, smc=smc, ship=ship,
        trust=common.load_trust(trust, allow_test=allow_test_trust, operators=operators),
        at=at or present, now=now or present, policy=Policy.load(policy) if policy else DEFAULT,
        online=online_options.leave(online, hosts, verbose=verbose),
    )  # fmt: skip
    style = Style(lang, common.columns(), common.colour(), verbose)
    if as_json:
        click.echo(report.to_json(language=lang))
    else:
        click.echo(joint.summary(report, style) if quiet else joint.render(report, style), nl=quiet)
    html_output.write_joint(html, report, doc, smc, lang)
    record_output.write_joint(record, report, doc, smc, lang, digest_only=digest_only)
    if report.verdict is Verdict.INDETERMINATE and any(
        isinstance(part, Error) for _, part in report.parts
    ):
        sys.exit(4)
    sys.exit({Verdict.VALID: 0, Verdict.INVALID: 1, Verdict.INDETERMINATE: 3}[report.verdict])
