"""Decides to which network addresses webhooks may connect, at the moment of connecting.

A name is checked by the address to which the connection is really made, so that a name that resolves to another address
the second time (DNS rebinding) has no effect. Rule: OWASP, Server-Side Request Forgery Prevention; RFC 6890 (special
addresses).
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")
_SPECIAL: Final = (
    IPv4Network("100.64.0.0/10"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("100::/32"),
    IPv6Network("2001::/23"),
    IPv6Network("3fff::/20"),
    IPv6Network("5f00::/16"),
)
"""Special networks by the registries of IANA, because this Python may not know all. In 64:ff9b:1::/48 each operator
decides where the IPv4 address stands (RFC 8215), so nobody can say where such an address leads."""


class AddressRefused(OSError):
    """No connection is made to this address."""


@dataclass(frozen=True, slots=True)
class AllowedAddresses:
    """Allows public addresses, unless `public` is false, and those of `networks`."""

    networks: Sequence[Network] = ()
    public: bool = True

    @classmethod
    def of(cls, text: str) -> "AllowedAddresses":
        """Allow public addresses and networks such as `10.1.0.0/16, fd00::/8`; raises `ValueError`."""
        return cls(tuple(ip_network(part.strip()) for part in text.split(",") if part.strip()))

    @property
    def only_networks(self) -> "AllowedAddresses":
        """The same without public addresses, for requests that are not encrypted."""
        return AllowedAddresses(self.networks, public=False)

    def allows(self, address: Address) -> bool:
        """Whether a connection to this address may be made."""
        target = reached(address)
        if any(target in network or address in network for network in self.networks):
            return True
        return self.public and is_public(target)

    def socket(self, info: tuple[Any, ...]) -> socket.socket:
        """A socket for an entry of `getaddrinfo`; raises `AddressRefused`. Every connection gets its socket here."""
        family, kind, protocol, _, (host, *_) = info
        if not self.allows(ip_address(host.partition("%")[0])):
            raise AddressRefused(f"{host} is not an address that webhooks may call")
        return socket.socket(family, kind, protocol)


def is_public(address: Address) -> bool:
    """Whether an address is a public one: not private, local, shared, for documentation or multicast."""
    if address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    if isinstance(address, IPv6Address) and address.is_site_local:
        return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global


def reached(address: Address) -> Address:
    """The address that packets finally reach: the IPv4 address within an IPv6 address, if there is one."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def literal(host: str) -> Address | None:
    """The address that a host is, in any form that a resolver accepts: `[::1]`, `127.1`, `0x7f000001`, `2130706433`;
    None if it is a name."""
    readers: Iterable[Callable[[str], Address]] = (ip_address, lambda text: IPv4Address(socket.inet_aton(text)))
    for read in readers:
        try:
            return read(host.strip("[]").partition("%")[0])
        except (ValueError, OSError):
            continue
    return None
