package stella.policy_test

import rego.v1

import data.stella.policy

with_ticket(changes, parameters) := object.union(release([], parameters), {
	"now": "2030-01-01T12:00:00.000000Z",
	"release": {"digest": "sha256:e"},
	"changeTicket": object.union(
		{
			"integration": "ops",
			"key": "OPS-1",
			"url": "https://jira.example/browse/OPS-1",
			"status": "Ready",
			"approved": true,
			"startsAt": "2030-01-01T11:00:00.000000Z",
			"endsAt": "2030-01-01T13:00:00.000000Z",
			"lookedUpAt": "2030-01-01T11:50:00.000000Z",
			"trouble": "",
			"uses": [],
		},
		changes,
	),
})

required := {"changeTicket": "required"}

asked_for(more) := object.union(required, more)

test_no_ticket_is_asked_for_unless_a_parameter_does if {
	outcomes("change-ticket") == {"pass"} with input as release([], {})
	outcomes("change-ticket") == {"pass"} with input as with_ticket({"approved": false}, {})
	outcomes("change-ticket") == {"blocked"} with input as release([], required)
	outcomes("change-ticket") == {"pass"} with input as release([], {"changeTicket": "named"})
	nobody := object.union(release([], required), {"hypothetical": true})
	outcomes("change-ticket") == {"pass"} with input as nobody
	outcomes("change-ticket") == {"blocked"} with input as with_ticket({"approved": false}, {"changeTicket": "named"})
}

test_a_ticket_that_is_approved_passes if {
	outcomes("change-ticket") == {"pass"} with input as with_ticket({}, required)
	outcomes("change-ticket") == {"blocked"} with input as with_ticket({"approved": false}, required)
	listed := asked_for({"ticketStatus": ["in progress", "ready"]})
	outcomes("change-ticket") == {"pass"} with input as with_ticket({"approved": false}, listed)
	outcomes("change-ticket") == {"blocked"} with input as with_ticket({"status": "Done"}, listed)
}

test_what_was_never_answered_or_long_ago_is_unknown if {
	silent := {"lookedUpAt": null, "status": "", "approved": false, "trouble": "it does not answer"}
	outcomes("change-ticket") == {"unknown"} with input as with_ticket(silent, required)
	old := {"lookedUpAt": "2030-01-01T10:50:00.000000Z"}
	outcomes("change-ticket") == {"unknown"} with input as with_ticket(old, required)
	outcomes("change-ticket") == {"pass"} with input as with_ticket(old, asked_for({"ticketAgeMinutes": "off"}))
	later := {"lookedUpAt": "2030-01-01T12:01:00.000000Z"}
	outcomes("change-ticket") == {"unknown"} with input as with_ticket(later, required)
}

test_now_has_to_lie_in_its_planned_time_where_that_is_asked if {
	inside := asked_for({"ticketWindow": "inside"})
	outcomes("change-ticket") == {"pass"} with input as with_ticket({}, inside)
	outcomes("change-ticket") == {"unknown"} with input as with_ticket({"endsAt": ""}, inside)
	over := {"endsAt": "2030-01-01T12:00:00.000000Z"}
	outcomes("change-ticket") == {"blocked"} with input as with_ticket(over, inside)
	outcomes("change-ticket") == {"pass"} with input as with_ticket(over, required)
}

test_a_ticket_may_be_forbidden_to_stand_for_others if {
	use := {"promotion": "prm_1", "environment": "dev", "releaseDigest": "sha256:f"}
	used := {"uses": [use]}
	outcomes("change-ticket") == {"pass"} with input as with_ticket(used, required)
	outcomes("change-ticket") == {"blocked"} with input as with_ticket(used, asked_for({"ticketReuse": "blocked"}))
	outcomes("change-ticket") == {"blocked"} with input as with_ticket(used, asked_for({"ticketReuse": "release"}))
	same := {"uses": [object.union(use, {"releaseDigest": "sha256:e"})]}
	outcomes("change-ticket") == {"pass"} with input as with_ticket(same, asked_for({"ticketReuse": "release"}))
}
