"""Transfers 转出、转入 in a service: this authority's side, and the way to the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from elicense.errors import UsageError
from elicense.policy import DEFAULT, Policy
from elicense.registry import transfer_post
from elicense.registry import transfers as kept
from elicense.registry.transfers import Office, Transfer
from elicense.web import keys
from elicense.web.problems import Problem

if TYPE_CHECKING:
    from elicense.issuing.credential import Credential
    from elicense.registry.database import Registry
    from elicense.registry.transfer_post import Sent
    from elicense.trust.store import TrustStore
    from elicense.web.context import Service
    from elicense.web.peers import Client
    from elicense.web.settings import Settings

RESUME_SECONDS = 60.0


def office(running: Service) -> Office:
    """This service's authority. Problem 409 without a key for other regions."""
    signer = running.settings.peers.signer
    if signer is None:
        raise Problem(409, "peer.signer", "This service has no key for other regions")
    return office_of(running.settings, running.registry, running.trust, keys.load(running, signer))


def office_of(
    settings: Settings, registry: Registry, trust: TrustStore, signer: Credential
) -> Office:
    """The authority that settings describe."""
    policy = Policy.load(settings.policy) if settings.policy else DEFAULT
    return Office(registry, settings.uscc, trust, signer, policy)


async def deliver(running: Service, only: str = "") -> tuple[Sent, ...]:
    """Send what is due, of one transfer if asked, and take in the answers."""
    return await carry(office(running), running.extras["peers"], only)


async def carry(own: Office, client: Client, only: str = "") -> tuple[Sent, ...]:
    """The same, for an authority whose service may not be running."""
    loop = asyncio.get_running_loop()

    def send(to: str, data: bytes) -> bytes:
        work = client.send_transfer(data, to, trust=own.trust)
        # it has a time limit of its own; this one is for a loop that ends meanwhile
        return asyncio.run_coroutine_threadsafe(work, loop).result(client.settings.seconds + 30)

    return await asyncio.to_thread(transfer_post.deliver, own, send, only=only)


async def resume_once(settings: Settings) -> tuple[Sent, ...]:
    """Send what is due of the authority that settings describe. UsageError
    ``transfer.signer`` without a key for other regions."""
    from elicense.registry import database
    from elicense.web.peers import Client as Post
    from elicense.web.trusting import load_trust

    if settings.peers.signer is None:
        raise UsageError("transfer.signer", "[peers] signer is not set")
    registry = database.open_registry(settings.registry)
    client = Post(settings.peers, settings.region)
    own = office_of(settings, registry, load_trust(settings), keys.open_key(settings.peers.signer))
    try:
        return await carry(own, client)
    finally:
        await client.close()
        registry.close()


def run_resume_once(settings: Settings) -> tuple[Sent, ...]:
    """:func:`resume_once` outside an event loop, as a command runs it."""
    return asyncio.run(resume_once(settings))


async def resume(running: Service) -> None:
    """The same, in the background of a service that has a key for it."""
    if running.settings.peers.signer is not None:
        await deliver(running)


def own_side(running: Service, id: str) -> Transfer:
    """The side of a transfer that is this authority's. Problem 404 if there is none."""
    with running.registry.look() as connection:
        for found in kept.of_id(connection, id):
            if found.own == running.settings.uscc:
                return found
    raise Problem(404, "transfer.unknown", "No such transfer is known here")


def told(found: Transfer) -> dict[str, Any]:
    """A transfer as plain values."""
    return {
        "id": found.id, "side": found.side, "identifier": found.identifier,
        "from": found.sender, "to": found.receiver, "authority": found.authority,
        "state": found.state, "state_zh": kept.NAMES[found.state],
        "successor": found.successor or None, "reason": found.reason,
        "created": found.created.isoformat(), "updated": found.updated.isoformat(),
        "owed_by": found.owed_by,
        "messages": [
            {"kind": m.kind, "own": m.own, "sha256": m.digest, "time": m.time.isoformat(),
             "delivered": m.delivered.isoformat() if m.delivered else None,
             "attempts": m.attempts, "error": m.error}
            for m in found.messages
        ],
    }  # fmt: skip
