# Whether a change ticket stands behind the promotion. Off until changeTicket asks.
package stella.policy

import rego.v1

ticket := object.get(input, "changeTicket", null)

# What runs already stands or falls by what it is: the ticket was judged when it went.
is_asked_for if not input.hypothetical

ticket_is_judged if {
	parameter.changeTicket == "required"
	is_asked_for
}

ticket_is_judged if {
	parameter.changeTicket == "named"
	is_object(ticket)
	is_asked_for
}

ticket_says(outcome, message, fix) := {
	"rule": "change-ticket",
	"outcome": outcome,
	"message": message,
	"fix": fix,
	"who": "whoever asks for it",
}

ticket_objections contains ticket_says(
	"blocked", "no change ticket is named",
	"ask for it with one: stella promote RELEASE --env ENVIRONMENT --ticket KEY",
) if {
	ticket_is_judged
	not is_object(ticket)
}

trouble_words := sprintf(": %s", [ticket.trouble]) if ticket.trouble != ""

trouble_words := " yet" if ticket.trouble == ""

is_answered if is_string(ticket.lookedUpAt)

ticket_objections contains ticket_says(
	"unknown", sprintf("how %s stands is not known%s", [ticket.key, trouble_words]),
	sprintf("see that the integration %s works: stella integration test %s", [ticket.integration, ticket.integration]),
) if {
	ticket_is_judged
	is_object(ticket)
	not is_answered
}

# --- its status

ticket_passes if {
	parameter.ticketStatus == "approved"
	ticket.approved
}

ticket_passes if {
	is_array(parameter.ticketStatus)
	some word in parameter.ticketStatus
	word_names(lower(word), lower(ticket.status))
}

ticket_objections contains ticket_says(
	"blocked", sprintf("%s is %s, which does not pass", [ticket.key, ticket.status]),
	sprintf("let it be approved, then ask again: %s", [ticket.url]),
) if {
	ticket_is_judged
	is_answered
	parameter.ticketStatus
	not ticket_passes
}

# --- how long ago that was

# In whole minutes.
ticket_age := floor((time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(ticket.lookedUpAt)) / 60000000000) if {
	is_answered
}

ticket_is_recent if parameter.ticketAgeMinutes == "off"

ticket_is_recent if {
	ticket_age >= 0
	ticket_age <= parameter.ticketAgeMinutes
}

since_trouble := sprintf("; since then: %s", [ticket.trouble]) if ticket.trouble != ""

since_trouble := "" if ticket.trouble == ""

age_said := sprintf("%d minutes ago, at most %d may pass", [ticket_age, parameter.ticketAgeMinutes]) if ticket_age >= 0

age_said := "at a time that is not yet" if ticket_age < 0

ticket_objections contains ticket_says(
	"unknown", sprintf("%s was looked up %s%s", [ticket.key, age_said, since_trouble]),
	sprintf("see that the integration %s works: stella integration test %s", [ticket.integration, ticket.integration]),
) if {
	ticket_is_judged
	is_answered
	not ticket_is_recent
}

# --- its planned time

has_window if {
	ticket.startsAt != ""
	ticket.endsAt != ""
}

is_inside if {
	has_window
	now := time.parse_rfc3339_ns(input.now)
	time.parse_rfc3339_ns(ticket.startsAt) <= now
	now < time.parse_rfc3339_ns(ticket.endsAt)
}

ticket_objections contains ticket_says(
	"unknown", sprintf("%s has no planned time", [ticket.key]),
	"plan its start and its end there, and let the integration read them",
) if {
	ticket_is_judged
	is_answered
	parameter.ticketWindow == "inside"
	not has_window
}

ticket_objections contains ticket_says(
	"blocked", sprintf("now is not between %s and %s, for which %s is planned", [
		ticket.startsAt, ticket.endsAt, ticket.key,
	]),
	"ask for it with that start window: --not-before, --not-after",
) if {
	ticket_is_judged
	is_answered
	parameter.ticketWindow == "inside"
	has_window
	not is_inside
}

# --- where else it was used

borrowed := [use | some use in ticket.uses; is_borrowed(use)]

is_borrowed(use) if {
	parameter.ticketReuse == "release"
	use.releaseDigest != input.release.digest
}

is_borrowed(_) if parameter.ticketReuse == "blocked"

ticket_objections contains ticket_says(
	"blocked", sprintf("%s stands for %s in %s already", [
		ticket.key, borrowed[0].promotion, borrowed[0].environment,
	]),
	"name a ticket of its own",
) if {
	ticket_is_judged
	is_object(ticket)
	count(borrowed) > 0
}

# --- what the rule says

results contains passed("change-ticket", "not asked for") if parameter.changeTicket == "off"

results contains passed("change-ticket", "nobody asks for it now") if {
	parameter.changeTicket != "off"
	not is_asked_for
}

results contains passed("change-ticket", "none is named, and none is required") if {
	parameter.changeTicket == "named"
	not is_object(ticket)
	is_asked_for
}

results contains passed("change-ticket", sprintf("%s is %s", [ticket.key, ticket.status])) if {
	ticket_is_judged
	is_answered
	parameter.ticketStatus
	parameter.ticketAgeMinutes
	parameter.ticketWindow
	parameter.ticketReuse
	count(ticket_objections) == 0
}

results contains one if some one in ticket_objections
