"""Every key of the table. Nowhere else is a key put together."""

from __future__ import annotations

import hashlib

Key = dict[str, str]


def station(tenant: str, site: str, station_id: str) -> Key:
    """The station item: document, desk and sockets."""
    return {"pk": f"T#{tenant}#S#{site}#X#{station_id}", "sk": "ST"}


def lease(tenant: str, site: str) -> Key:
    """Which edge leads the site."""
    return {"pk": f"T#{tenant}#S#{site}", "sk": "LEASE"}


def watch(tenant: str, site: str) -> Key:
    """Who looks at the site's board."""
    return {"pk": f"T#{tenant}#S#{site}", "sk": "WATCH"}


def site(tenant: str, site_id: str) -> Key:
    """The site's configuration."""
    return {"pk": f"T#{tenant}#S#{site_id}", "sk": "CFG"}


def listed_site(tenant: str, site_id: str) -> Key:
    """A site in the list of all sites."""
    return {"pk": "SITES", "sk": f"T#{tenant}#S#{site_id}"}


def site_entry(tenant: str, site_id: str, station_id: str) -> Key:
    """A station in its site's directory."""
    return {"pk": f"T#{tenant}#S#{site_id}", "sk": f"X#{station_id}"}


def directory_prefix() -> str:
    """Begins the sort keys of a site's directory."""
    return "X#"


def agent(tenant: str, agent_id: str) -> Key:
    """The agent's mapping, where they are logged on, and their pages' sockets."""
    return {"pk": f"T#{tenant}#AGENTS", "sk": f"A#{agent_id}"}


def agents_prefix() -> str:
    """Begins the sort keys of a tenant's agents."""
    return "A#"


def mapping_import(tenant: str, import_id: str) -> Key:
    """An import of mappings; ids sort by time."""
    return {"pk": f"T#{tenant}#IMPORTS", "sk": f"I#{import_id}"}


def imports_prefix() -> str:
    """Begins the sort keys of a tenant's imports."""
    return "I#"


def import_part(tenant: str, import_id: str, part: int) -> Key:
    """A part of what an import replaced."""
    return {"pk": f"T#{tenant}#IMPORT#{import_id}", "sk": f"P#{part:04}"}


def policy(tenant: str) -> Key:
    """The tenant's policy object."""
    return {"pk": f"T#{tenant}#POLICY", "sk": "POLICY"}


def socket(socket_id: str) -> Key:
    """One open socket."""
    return {"pk": f"C#{socket_id}", "sk": "C"}


def page_memory(tenant: str, agent_id: str, page: str) -> Key:
    """That a page id said hello before."""
    return {"pk": f"T#{tenant}#A#{agent_id}", "sk": f"P#{page}"}


def ticket(secret: str) -> Key:
    """A page's ticket; only its hash is stored."""
    return {"pk": f"TK#{_digest(secret)}", "sk": "TK"}


def enrolment(code: str) -> Key:
    """An enrolment code; only its hash is stored."""
    return {"pk": f"EN#{_digest(code)}", "sk": "EN"}


def edge_key(kid: str) -> Key:
    """An edge's public key."""
    return {"pk": f"KID#{kid}", "sk": "KID"}


def used_assertion(kid: str, jti: str) -> Key:
    """An assertion that was used."""
    return {"pk": f"J#{kid}#{jti}", "sk": "J"}


def command(tenant: str, site_id: str, command_id: str) -> Key:
    """Who asked for a command of a site, and how far it has come."""
    return {"pk": f"T#{tenant}#S#{site_id}#CMD#{command_id}", "sk": "CMD"}


def interaction(tenant: str, interaction_id: str) -> Key:
    """The head of an interaction."""
    return {"pk": f"T#{tenant}#I#{interaction_id}", "sk": "HEAD"}


def record(tenant: str, interaction_id: str, call: str) -> Key:
    """A call's record below its interaction."""
    return {"pk": f"T#{tenant}#I#{interaction_id}", "sk": f"CALL#{call}"}


def record_prefix() -> str:
    """Begins the sort keys of an interaction's call records; the call's id follows."""
    return "CALL#"


def call_of_day(tenant: str, day: str, place: str) -> Key:
    """A call in the list of its day (`2027-01-15`, UTC); `place` begins with when the call began."""
    return {"pk": f"T#{tenant}#CALLS#{day}", "sk": place}


def call_of_agent(tenant: str, agent_id: str, place: str) -> Key:
    """A call in the list of an agent who took part in it."""
    return {"pk": f"T#{tenant}#A#{agent_id}", "sk": f"{agent_calls_prefix()}{place}"}


def agent_calls_prefix() -> str:
    """Begins the sort keys of an agent's calls."""
    return "CALL#"


def note(tenant: str, interaction_id: str, agent_id: str) -> Key:
    """An agent's note on an interaction, as it stands."""
    return {"pk": f"T#{tenant}#I#{interaction_id}", "sk": f"{note_prefix()}{agent_id}"}


def note_prefix() -> str:
    """Begins the sort keys of an interaction's notes."""
    return "NOTE#"


def note_revision(tenant: str, interaction_id: str, agent_id: str, rev: int) -> Key:
    """One accepted revision of a note."""
    return {"pk": f"T#{tenant}#I#{interaction_id}", "sk": f"REV#{rev:010}#{agent_id}"}


def handover(tenant: str, interaction_id: str, mark: str) -> Key:
    """A hand-over of an interaction; its mark begins with the time, so they sort by it."""
    return {"pk": f"T#{tenant}#I#{interaction_id}", "sk": f"{handover_prefix()}{mark}"}


def handover_prefix() -> str:
    """Begins the sort keys of an interaction's hand-overs; the mark follows."""
    return "HAND#"


def disposition(tenant: str, interaction_id: str, agent_id: str) -> Key:
    """How the interaction ended in the agent's view."""
    return {"pk": f"T#{tenant}#I#{interaction_id}", "sk": f"DISP#{agent_id}"}


def audit(tenant: str, entry: str) -> Key:
    """What a supervisor did; entries sort by time."""
    return {"pk": f"T#{tenant}#AUDIT", "sk": f"AT#{entry}"}


def audit_prefix() -> str:
    """Begins the sort keys of a tenant's audit entries."""
    return "AT#"


def number(tenant: str, digest: str, at: str, interaction_id: str) -> Key:
    """An interaction of a number, found newest first."""
    return {"pk": f"T#{tenant}#N#{digest}", "sk": f"{at}#{interaction_id}"}


def listed_number(tenant: str, digest: str) -> Key:
    """That a number has no history; sorts after every time, so that whoever reads the newest reads it first."""
    return {"pk": number_partition(tenant, digest), "sk": "~LISTED"}


def number_partition(tenant: str, digest: str) -> str:
    """The partition of a number's interactions."""
    return f"T#{tenant}#N#{digest}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
