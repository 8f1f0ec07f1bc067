"""Directories that speak LDAP: OpenLDAP, Active Directory, 389, FreeIPA."""

from stella.sdk import Plugin
from stella_connectors.ldap.connector import LdapDirectory, open_ldap

PLUGIN = Plugin(directories={"ldap": open_ldap})

__all__ = ["PLUGIN", "LdapDirectory", "open_ldap"]
