"""A session on a host: TLS, login, calls whose faults are translated, and properties.

A broken connection ends the session, because the effect of the last call is unknown. ``renew`` logs in
again; that effect stays unknown.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from typing import Any, Final, TypeVar

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.drivers.esx.credentials import Credentials
from snaptree.conformance.drivers.esx.faults import ConnectionLost, EsxError, name_of, refusal_of, text_of
from snaptree.conformance.drivers.esx.library import API, Pyvmomi
from snaptree.conformance.drivers.esx.settings import Address, Settings
from snaptree.spec.outcomes import Refusal

T = TypeVar("T")

IDLE: Final = 4.0
"""Seconds after which a connection is not used again: a host may have closed its end meanwhile."""

Properties = dict[str, Any]
"""Values by property path; what is unset is absent."""


def trust(settings: Settings) -> ssl.SSLContext:
    """The check of the host's certificate. Raises DriverUnavailable."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise DriverUnavailable(
            f"ca-file {settings.ca_file} holds no certificates: {error.strerror or error}"
        ) from None
    if settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Session:
    """One user on one host. Raises DriverUnavailable if the host does not answer or refuses the login."""

    def __init__(
        self,
        pyvmomi: Pyvmomi,
        address: Address,
        credentials: Credentials,
        context: ssl.SSLContext,
        answer_within: float,
    ) -> None:
        self.pyvmomi = pyvmomi
        self.vim = pyvmomi.vim
        self.address = address
        self.credentials = credentials
        self.lost: str | None = None
        """Why the connection broke, or None while it holds."""
        self._within = answer_within
        # Always with a context: pyvmomi does not look at the certificate of a loopback host without.
        self._stub = pyvmomi.adapter(
            host=address.host,
            port=address.port,
            ns=API,
            sslContext=context,
            httpConnectionTimeout=answer_within,
            connectionPoolTimeout=IDLE,
        )
        self.content: Any = None
        try:
            self._log_in()
        except BaseException:
            self._stub.DropConnections()
            raise

    def renew(self) -> None:
        """Log in again after the connection broke. Raises DriverUnavailable."""
        self._stub.DropConnections()
        self._log_in()
        self.lost = None

    def close(self) -> None:
        """Log out, if the host still answers."""
        if self.lost is None:
            with suppress(Exception):
                self.content.sessionManager.Logout()
        self._stub.DropConnections()

    def object(self, kind: Any, reference: str) -> Any:
        """The managed object that a reference names; nothing is asked of the host."""
        return kind(reference, self._stub)

    # --- calls ----------------------------------------------------------------

    def ask(self, call: Callable[[], T]) -> T:
        """The result of a call.

        Raises the refusal for a fault, else EsxError; ConnectionLost when the effect of the call is
        unknown. An expired session is renewed once, since that call had no effect.
        """
        if self.lost is not None:
            raise ConnectionLost(f"the connection is gone: {self.lost}")
        try:
            try:
                return call()
            except self.pyvmomi.vim.fault.NotAuthenticated:
                self._log_in()
                return call()
        except DriverUnavailable as error:
            self.lost = str(error)
            raise ConnectionLost(self.lost) from None
        except (OSError, HTTPException) as error:
            raise self._broken(error) from None
        except Exception as error:  # noqa: BLE001 - pyvmomi raises what the host says, and more
            raise self.error_for(error) from None

    def error_for(self, fault: BaseException) -> Refusal | EsxError:
        """The refusal or failure for a fault, without the password."""
        spoken = isinstance(fault, self.pyvmomi.vmodl.MethodFault)
        refusal = refusal_of(fault) if spoken else None
        if refusal is None:
            said = text_of(fault) if spoken else f"{type(fault).__name__}: {fault}"
            return EsxError(self.credentials.hidden(said)[:2000])
        return type(refusal)(
            self.credentials.hidden(str(refusal)),
            native={
                key: self.credentials.hidden(value) if isinstance(value, str) else value
                for key, value in (refusal.native or {}).items()
            },
        )

    def _broken(self, error: Exception) -> ConnectionLost:
        if isinstance(error, TimeoutError):
            self.lost = f"{self.address} gave no answer within {self._within:g} s"
        else:
            said = self.credentials.hidden(str(error)) or "without a word"
            self.lost = f"{self.address} dropped the connection: {type(error).__name__}: {said}"
        return ConnectionLost(self.lost)

    # --- properties -----------------------------------------------------------

    def read(self, objects: Sequence[Any], paths: Iterable[str]) -> list[Properties]:
        """The properties of objects of one kind, in the order of the objects.

        Read by path, in one request: what is unset is absent then, where asking for
        it alone breaks the connection (seen: ``snapshot`` on vcsim 0.24.2).
        Raises as ``ask`` does, also for an object that is gone.
        """
        if not objects:
            return []
        collected = self.pyvmomi.vmodl.query.PropertyCollector
        wanted = collected.FilterSpec(
            objectSet=[collected.ObjectSpec(obj=one, skip=False) for one in objects],
            propSet=[collected.PropertySpec(type=type(objects[0]), pathSet=list(paths), all=False)],
        )
        found: dict[str, Properties] = {}
        token: str | None = None
        while True:
            page = self.ask(partial(self._page, wanted, token))
            if page is None:
                break
            for shown in page.objects:
                found[shown.obj._moId] = {one.name: one.val for one in shown.propSet}
            token = page.token
            if not token:
                break
        return [found.get(one._moId, {}) for one in objects]

    def _page(self, wanted: Any, token: str | None) -> Any:
        """One page of properties. Raises the fault for which one could not be read."""
        collector = self.content.propertyCollector
        if token is None:
            options = self.pyvmomi.vmodl.query.PropertyCollector.RetrieveOptions()
            page = collector.RetrievePropertiesEx([wanted], options)
        else:
            page = collector.ContinueRetrievePropertiesEx(token)
        for shown in page.objects if page is not None else ():
            if shown.missingSet:
                raise shown.missingSet[0].fault
        return page

    def property(self, of: Any, path: str) -> Any:
        """One property, or None where it is unset."""
        return self.read([of], [path])[0].get(path)

    # --- logging in -----------------------------------------------------------

    def _log_in(self) -> None:
        vim, where = self.vim, self.address
        self._stub.SetSessionId(None)
        try:
            self.content = vim.ServiceInstance("ServiceInstance", self._stub).RetrieveContent()
            self.content.sessionManager.Login(self.credentials.user, self.credentials.password, None)
        except vim.fault.InvalidLogin:
            raise DriverUnavailable(
                f"{where} does not accept the user and password in {self.credentials.origin}"
            ) from None
        except ssl.SSLCertVerificationError as error:
            raise DriverUnavailable(
                f"{where} shows a certificate that is not trusted: {error.verify_message}; "
                "--setting ca-file=FILE names the authority that signed it, --insecure goes on without a look"
            ) from None
        except TimeoutError:
            raise DriverUnavailable(f"{where} gave no answer within {self._within:g} s") from None
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody is logged in
            said = self.credentials.hidden(f"{name_of(error)}: {error}" if str(error) else name_of(error))
            raise DriverUnavailable(f"{where} is no vSphere host that answers: {said[:500]}") from None
