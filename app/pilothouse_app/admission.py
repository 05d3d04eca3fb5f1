"""What a channel lives by: the credential that opened it, and the session, task or run that it was opened for."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import attrs
import trio

from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import ChannelEnded, NotFound, NotReady, Unauthorized
from pilothouse.channels.verification import Entity, Verification
from pilothouse.channels.watches import VerificationUnavailable, Watches
from pilothouse_app.authentication import Credential, Standing, still_stands
from pilothouse_app.store import Store, StoreError
from pilothouse_app.store.entities import EntityKind, utc_now

MAX_FAILURES = 3


class Credentials(Watches[Standing]):
    """Watches the credentials of open channels, and of those who hold control. Made by `open_credentials`."""

    def revoked(self, credential_id: str) -> None:
        """End what depends on a credential."""
        self.end(lambda standing: standing.credential_id == credential_id, no_longer_good())


@asynccontextmanager
async def open_credentials(store: Store, *, period: float) -> AsyncIterator[Credentials]:
    """The owner of the pollers.

    Args:
        store: says what was revoked.
        period: seconds between two looks.
    """

    async def look(standing: Standing) -> ChannelEnded | None:
        try:
            return None if await still_stands(store, standing) else no_longer_good()
        except StoreError as error:
            raise VerificationUnavailable(str(error)) from error

    async with trio.open_nursery() as nursery:
        yield Credentials(look, nursery, period, MAX_FAILURES, due=_seconds_left)
        nursery.cancel_scope.cancel()


@attrs.frozen
class Admission:
    """Lets the channels of one request in, and ends them. Takes the place of a `Verification`.

    Attributes:
        credential: of the request.
        credentials: say when it is good no more.
        verification: says the same of the entity.
        store: knows which session an entity stands for.
    """

    credential: Credential
    credentials: Credentials
    verification: Verification
    store: Store

    @asynccontextmanager
    async def admitted(self, entity: Entity, signal: EndSignal) -> AsyncIterator[str]:
        """As `Verification.admitted`.

        Raises:
            NotFound: also when the credential is for another session. Nothing else is told about that one.
        """
        if self.credential.session_id is not None:
            await self._check_that_it_is_ours(entity, self.credential.session_id)
        with self.credentials.watching(self.credential.standing, signal):
            async with self.verification.admitted(entity, signal) as session_id:
                if self.credential.session_id not in (None, session_id):
                    raise NotFound
                yield session_id

    async def _check_that_it_is_ours(self, entity: Entity, session_id: str) -> None:
        try:
            looked = await self.store.look_up(cast(EntityKind, entity.kind), entity.id, entity.organization_id)
        except StoreError as error:
            raise NotReady(detail=str(error)) from error
        if looked is None or looked.browser_session is None or looked.browser_session.browser_session_id != session_id:
            raise NotFound


def no_longer_good() -> Unauthorized:
    """What ends the channels of a credential that is none any more."""
    return Unauthorized("the credential has expired or was revoked")


def _seconds_left(standing: Standing) -> float:
    if standing.expires_at is None:
        return math.inf
    return max(0.0, (standing.expires_at - utc_now()).total_seconds())
