"""Sends a message as plain mail through the plant's own server."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import NamedTuple

from appliance.model.notification import Message
from appliance.notify.failure import NotSent
from appliance.settings import Settings

TIMEOUT_SECONDS = 15.0


class MailServer(NamedTuple):
    """Where mail goes. tls: starttls, tls or none."""

    host: str
    port: int
    sender: str
    tls: str
    user: str | None
    password_file: Path | None
    ca_file: Path | None = None


def mail_server(settings: Settings) -> MailServer | None:
    """The server of the settings, None if there is none."""
    if settings.smtp_host is None:
        return None
    return MailServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_from,
        settings.smtp_tls,
        settings.smtp_user,
        settings.smtp_password_file,
        settings.smtp_ca_file,
    )


def send_mail(server: MailServer | None, address: str, message: Message) -> None:
    """Hand a message to the server; blocks. NotSent: lasting if it refuses the address for good."""
    if server is None:
        raise NotSent("No mail server is set (CARBONSEED_SMTP_HOST).")
    try:
        with _connected(server) as smtp:
            smtp.send_message(_mail(server.sender, address, message), server.sender, [address])
    except smtplib.SMTPRecipientsRefused as error:
        code, said = error.recipients[address]
        raise NotSent(
            f"{server.host} refuses {address}: {_text(said)}", lasting=code >= 500
        ) from error
    except smtplib.SMTPAuthenticationError as error:
        raise NotSent(f"{server.host} refuses the user or the password.") from error
    except smtplib.SMTPNotSupportedError as error:
        raise NotSent(f"{server.host} does not offer what is set: {error}") from error
    except ssl.SSLCertVerificationError as error:
        raise NotSent(
            f"{server.host}'s certificate is not trusted: {error.verify_message}. Name the "
            "authority's file in CARBONSEED_SMTP_CA_FILE."
        ) from error
    except smtplib.SMTPResponseException as error:
        raise NotSent(f"{server.host} says {error.smtp_code} {_text(error.smtp_error)}") from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise NotSent(f"{server.host}:{server.port} cannot be used: {error}") from error


def _connected(server: MailServer) -> smtplib.SMTP:
    if server.tls == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=TIMEOUT_SECONDS, context=_trust(server)
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    try:
        if server.tls == "starttls":
            smtp.starttls(context=_trust(server))
        if server.user is not None:
            smtp.login(server.user, _password(server.password_file))
    except BaseException:
        smtp.close()
        raise
    return smtp


def _trust(server: MailServer) -> ssl.SSLContext:
    """The machine's authorities, and the plant's own if one is set."""
    context = ssl.create_default_context()
    if server.ca_file is not None:
        try:
            context.load_verify_locations(server.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise NotSent(f"CARBONSEED_SMTP_CA_FILE cannot be used: {error}") from error
    return context


def _password(file: Path | None) -> str:
    if file is None:
        raise NotSent("CARBONSEED_SMTP_USER is set, CARBONSEED_SMTP_PASSWORD_FILE is not.")
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotSent(f"CARBONSEED_SMTP_PASSWORD_FILE cannot be read: {error}") from error


def _mail(sender: str, address: str, message: Message) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = address
    mail["Subject"] = message.subject
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{message.key}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:200]
