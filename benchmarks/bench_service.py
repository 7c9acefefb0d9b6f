"""The service under load, on loopback: queries of a province and verification over HTTP.

    PYTHONPATH=src python benchmarks/bench_service.py [LICENCES]

Starts a PostgreSQL of its own, fills a registry (one million licences unless told otherwise),
runs the service in one process and loads it with wrk (Debian's package). Every figure stands
beside the same server's empty endpoint in the same run.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import httpx  # noqa: E402
from sqlalchemy import text  # noqa: E402

import postgres_server  # noqa: E402
from elicense.registry import changes, credentials, database  # noqa: E402
from service_world import CERTS, SAMPLES, URI, free_port, settings_text  # noqa: E402

SECONDS = 6
FILL = """
INSERT INTO licences (identifier, family, type, number, version, issuer_code, region, holder_name,
  holder_code, holder_code_type, issued, valid_from, valid_until, state, status_list,
  status_index, data, data_digest, successor, created)
SELECT 'L' || n, 'F' || n, 'msa-doc', 'N' || n, 1, '1112000000000T122L', '120000', '公司' || n,
  'H' || n, '001', DATE '2026-01-01', DATE '2026-01-01', DATE '2030-12-31', 'valid', 1, n,
  decode(repeat('7b', 900), 'hex'), decode(repeat('00', 32), 'hex'), '', 1790000000000000
FROM generate_series(1, :count) AS n
"""
SCRIPT = """
math.randomseed(os.time())
delay = function() return math.random() * {pause} end
request = function()
  return wrk.format("GET", "{path}", {{["Authorization"] = "Bearer {token}"}})
end
"""


def prepare(url: str, count: int) -> str:
    registry = database.create(url, name="load")
    now = datetime.now(UTC)
    with registry.change() as connection:
        changes.open_list(connection, URI, size=100_000_000, actor="load", now=now)
        token = credentials.create(
            connection, "load", name="load", scopes=["query", "verify"], actor="load", now=now,
            per_minute=100_000_000,
        )  # fmt: skip
        connection.execute(text(FILL), {"count": count})
    with registry.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    registry.close()
    return token


def load(
    url: str, path: str, token: str, folder: Path, *, connections: int, pause: float = 0.0
) -> dict[str, float]:  # fmt: skip
    """Requests a second and the 99th percentile in ms. ``pause``: how many ms a connection
    waits at most before its next request (half of it in the mean)."""
    script = folder / "load.lua"
    body = SCRIPT.format(path=path, token=token, pause=pause)
    if not pause:
        body = body.replace("delay", "-- delay")
    if "{n}" in path:
        body = body.replace('"' + path + '"', '"' + path.replace("{n}", '" .. math.random(1, COUNT) .. "') + '"')  # noqa: E501
        body = body.replace("COUNT", os.environ["LOAD_COUNT"])
    script.write_text(body)
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", str(script), url],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in done or "Socket errors" in done:
        raise SystemExit(f"the load failed:\n{done}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])
    slowest = re.search(r"99%\s+([\d.]+)(us|ms|s)", done)
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}[slowest[2]]
    return {"rate": rate, "p99": float(slowest[1]) * unit}


def verifying(url: str, token: str) -> tuple[float, float, float]:
    """Milliseconds, medians: in this process, an empty request, over HTTP."""
    import elicense

    data = (SAMPLES / "tianjin-doc.pdf").read_bytes()
    trust = elicense.TrustStore.load(CERTS / "trust")

    def median(call, count: int) -> float:
        times = []
        for _ in range(count):
            began = time.perf_counter()
            call()
            times.append((time.perf_counter() - began) * 1000)
        return statistics.median(times[5:])

    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        for _ in range(10):
            client.post(url + "/api/verify", content=data)
        own = median(lambda: elicense.verify(data, trust=trust).to_json(language="zh"), 60)
        empty = median(lambda: client.get(url + "/api/empty"), 200)
        http = median(lambda: client.post(url + "/api/verify", content=data), 60)
    print(f"verify a PDF of {len(data) / 1000:.0f} kB: in process {own:.2f} ms, empty request "
          f"{empty:.2f} ms, over HTTP {http:.2f} ms, {http / (own + empty):.2f} × their sum")
    return own, empty, http


def main() -> None:
    if shutil.which("wrk") is None or postgres_server.missing():
        raise SystemExit(f"needs wrk and PostgreSQL: {postgres_server.missing()}")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    os.environ["LOAD_COUNT"] = str(count)
    folder = Path(tempfile.mkdtemp(prefix="elicense-load-"))
    with postgres_server.running(durable=True) as url:
        began = time.perf_counter()
        token = prepare(url, count)
        print(f"{count} licences entered in {time.perf_counter() - began:.0f} s")
        settings = settings_text(folder).replace("sqlite:///registry.db", url)
        (folder / "service.toml").write_text(settings, encoding="utf-8")
        port = free_port()
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        server = subprocess.Popen(
            [sys.executable, "-m", "elicense", "serve", str(folder / "service.toml"), "--port",
             str(port)], env=environment,
        )  # fmt: skip
        try:
            at = f"http://127.0.0.1:{port}"
            for _ in range(200):
                try:
                    httpx.get(at + "/api/health")
                    break
                except httpx.ConnectError:
                    time.sleep(0.1)
            verifying(at, token)
            report(at, token, folder, server.pid)
        finally:
            server.terminate()
            server.wait(20)
    shutil.rmtree(folder)


def report(at: str, token: str, folder: Path, pid: int) -> None:
    import psutil

    process = psutil.Process(pid)
    load(at, "/api/empty", token, folder, connections=64)
    empty = load(at, "/api/empty", token, folder, connections=64)
    path = "/api/licences/L{n}?purpose=load"
    logged = load(at, path, token, folder, connections=64)
    print(f"empty endpoint {empty['rate']:.0f}/s; query with the access log "
          f"{logged['rate']:.0f}/s = {logged['rate'] / empty['rate']:.0%}")  # fmt: skip
    few = load(at, path, token, folder, connections=8)
    print(f"8 connections: {few['rate']:.0f}/s, p99 {few['p99']:.1f} ms")
    # so that 32 connections ask half as often, an answer taking as long as with eight
    pause = 2 * 1000 * (32 / (logged["rate"] / 2) - 8 / few["rate"])
    half = load(at, path, token, folder, connections=32, pause=pause)
    print(f"half load: {half['rate']:.0f}/s = {half['rate'] / logged['rate']:.0%}, "
          f"p99 {half['p99']:.1f} ms")  # fmt: skip
    before, total = process.memory_info().rss, 0.0
    while total < 100_000:
        total += load(at, path, token, folder, connections=64)["rate"] * SECONDS
    after = process.memory_info().rss
    print(f"memory {before / 1e6:.0f} MB, after {total:.0f} more requests {after / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
