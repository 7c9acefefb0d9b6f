"""``elicense serve``: run a region's service."""

from __future__ import annotations

import sys

import click

from elicense.errors import UsageError


@click.command()
@click.argument("settings", type=click.Path(exists=True, dir_okay=False), metavar="SETTINGS.toml")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False),
              help="Certificate chain (PEM); else a proxy in front speaks TLS.")
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False), help="Its key (PEM).")
@click.option("--check", is_flag=True, help="Say what is wrong, and end.")  # fmt: skip
def serve(
    settings: str, host: str, port: int, tls_cert: str | None, tls_key: str | None, check: bool
) -> None:
    """Run the service that SETTINGS.toml describes (docs/service.md), until Ctrl-C.

    Exit code: 0 ended, 2 settings, registry, keys or trust store are wrong."""
    try:
        import uvicorn

        from elicense.web.app import create_app
        from elicense.web.context import check as check_all
        from elicense.web.settings import Settings
    except ImportError as exc:
        raise UsageError(
            "service.extra", f"the service needs the extra: pip install 'elicense[server]' ({exc})"
        ) from exc
    wanted = Settings.load(settings)
    for line in check_all(wanted):
        click.echo(line, err=True)
    if check:
        return
    # database threads share the interpreter with the event loop: the usual 5 ms between turns
    # would be most of a query's time
    sys.setswitchinterval(0.0005)
    uvicorn.run(
        create_app(wanted), host=host, port=port, ssl_certfile=tls_cert, ssl_keyfile=tls_key,
        log_level="warning", access_log=False, server_header=False, proxy_headers=False,
        timeout_keep_alive=20, h11_max_incomplete_event_size=32 * 1024,
    )  # fmt: skip
