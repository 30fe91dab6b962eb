"""Adapter: clicks as requests to Asterisk's REST interface."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Final
from uuid import uuid4

import anyio
import httpx
from anyio.abc import TaskGroup

from app.auth.identity import Role
from app.auth.names import normal_login
from app.control.ari import AriRequests, AriServer, ari_client, named_channel, no_channel
from app.control.ari_join import Stay, stay_in_call
from app.control.ports import Ability, Clicker, ControlledCall, JoinMode, NotControllable

_MODES: Final = (JoinMode.TALK, JoinMode.LISTEN)
"""Not WHISPER: which side a channel is on is nothing that the metadata tells surely enough."""
_EXTENSION: Final = re.compile(r"[0-9A-Za-z._-]{1,32}")


class AriControl:
    """Implements ``app.control.ports.CallControl``. Make it with ``open_ari_control``."""

    def __init__(
        self,
        requests: AriRequests,
        server: AriServer,
        operators_by_extension: Mapping[str, str],
        stays: TaskGroup,
        new_name: Callable[[], str] = lambda: uuid4().hex[:12],
    ) -> None:
        self._requests = requests
        self._server = server
        self._extensions = {
            normal_login(login): extension
            for extension, login in operators_by_extension.items()
            if _EXTENSION.fullmatch(extension)
        }
        self._stays = stays
        self._new_name = new_name

    def ability(self, call: ControlledCall, by: Clicker) -> Ability:
        if named_channel(call.exchange) is None:
            why = no_channel().message
            return Ability(why_no_join=why, why_no_end=why)
        why = self._why_no_join(by)
        return Ability(join_modes=() if why else _MODES, why_no_join=why, can_end=True)

    async def join(self, call: ControlledCall, mode: JoinMode, by: Clicker) -> None:
        """Return when the supervisor has picked up and hears the call: their telephone rings for 30 s at most."""
        why = self._why_no_join(by)
        if why or mode not in _MODES:
            raise NotControllable("join_not_possible", why or "この加わり方は使えません。")
        channel_id = await self._requests.channel_of_call(call.exchange)
        stay = Stay(
            app=f"{self._server.app}-{self._new_name()}",
            channel_id=channel_id,
            mode=mode,
            extension=self._extensions[normal_login(by.login)],
        )
        await self._stays.start(partial(stay_in_call, self._requests, self._server, stay))

    async def end(self, call: ControlledCall, by: Clicker) -> None:
        await self._requests.hang_up(await self._requests.channel_of_call(call.exchange))

    def _why_no_join(self, by: Clicker) -> str:
        if by.role is not Role.SUPERVISOR:
            return "この電話交換機では、監督者が自分の画面から加わります。「応援を呼ぶ」で知らせてください。"
        if normal_login(by.login) not in self._extensions:
            return (
                "あなたの内線番号が登録されていません。管理者に "
                "MIMAMORI_TELEPHONY__OPERATORS_BY_EXTENSION への登録を頼んでください。"
            )
        return ""


@asynccontextmanager
async def open_ari_control(
    server: AriServer,
    operators_by_extension: Mapping[str, str],
    client: Callable[[AriServer], httpx.AsyncClient] = ari_client,
) -> AsyncIterator[AriControl]:
    """Hold what clicks need; when the block ends, supervisors' stays end too."""
    async with client(server) as opened, anyio.create_task_group() as stays:
        try:
            yield AriControl(AriRequests(opened, server), server, operators_by_extension, stays)
        finally:
            stays.cancel_scope.cancel()
