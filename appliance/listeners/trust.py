"""The certificates the listeners serve, renewed and replaced while they serve."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from appliance.errors import CarbonseedError
from appliance.identity import certificates
from appliance.identity.certificates import CertificateError, Certificates, Pair
from appliance.identity.host_names import host_names
from appliance.listeners import http1, people
from appliance.listeners.tls import load, server_context
from appliance.settings import Settings

CHECK_SECONDS = 3600.0

log = logging.getLogger(__name__)


class Trust:
    """Each listener's side of TLS. Made outside the loop: it reads files and makes keys."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._look_now = asyncio.Event()
        self._told: list[str] = []
        found = self._ensure()
        self.authority = found.authority
        self.people = server_context(*self._peoples(found), people.PROTOCOLS)
        self.devices = server_context(*found.devices, http1.PROTOCOLS)
        self.names = self._names(found)

    async def keep(self) -> None:
        """Look every hour, and whenever asked to, whether a certificate must change; for ever."""
        while True:
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._look_now.wait()
            except TimeoutError:
                pass
            self._look_now.clear()
            try:
                await self._renew()
            except (CarbonseedError, OSError) as error:
                log.error("The certificates stay as they are: %s", error)  # noqa: TRY400  in words

    def look_now(self) -> None:
        """Look at once; plant IT has put another certificate in its place."""
        self._look_now.set()

    async def _renew(self) -> None:
        found = await asyncio.to_thread(self._ensure)
        names = await asyncio.to_thread(self._names, found)
        load(self.people, *self._peoples(found))
        load(self.devices, *found.devices)
        self.names.clear()
        self.names.update(names)

    def _ensure(self) -> Certificates:
        names, now = {*host_names(), *self._settings.names}, self._clock()
        found = certificates.ensure(self._settings.certificates_dir, names, now)
        lacking = certificates.shortcomings(found, names, now)
        if lacking and lacking != self._told:
            log.warning(
                "The certificates are kept as they are, for the authority's key is not in %s: %s. "
                "Put plant-ca.key back there and send SIGHUP; then they are made anew.",
                self._settings.certificates_dir / "authority",
                "; ".join(lacking),
            )
        self._told = lacking
        return found

    def _peoples(self, found: Certificates) -> Pair:
        file, key = self._settings.certificate_file, self._settings.certificate_key_file
        if bool(file) != bool(key):
            raise CertificateError(
                "Set both CARBONSEED_CERTIFICATE_FILE and CARBONSEED_CERTIFICATE_KEY_FILE, or none."
            )
        return Pair(file, key) if file and key else found.people

    def _names(self, found: Certificates) -> set[str]:
        return {
            *certificates.names_of(found.people.certificate),
            *certificates.names_of(self._peoples(found).certificate),
        }
