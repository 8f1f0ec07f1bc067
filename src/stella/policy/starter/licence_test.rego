package stella.policy_test

import rego.v1

import data.stella.policy

stating(text, choices, unlisted) := {
	"text": text,
	"anyOf": choices,
	"unlisted": unlisted,
	"count": 2,
	"packages": ["a 1", "b 1"],
}

mit := stating("MIT", [["MIT"]], [])

gpl := stating("GPL-2.0-or-later", [["GPL-2.0-or-later"]], [])

either := stating("GPL-2.0-or-later OR MIT", [["GPL-2.0-or-later"], ["MIT"]], [])

all_of := stating("GPL-2.0-or-later AND MIT", [["GPL-2.0-or-later", "MIT"]], [])

excepted := stating(
	"GPL-2.0-only WITH Classpath-exception-2.0",
	[["GPL-2.0-only WITH Classpath-exception-2.0"]], [],
)

odd := stating("GPLv2+", [["GPLv2+"]], ["GPLv2+"])

nothing := stating("", [], [])

stated_by(stated, parameters) := object.union(release([], parameters), {"components": [{
	"name": "web",
	"reference": "registry.example/web:1",
	"scans": [{
		"platform": "linux/amd64",
		"state": "done",
		"document": {"findings": [], "unmatched": {}},
		"licences": {"stated": stated, "more": 0},
		"partial": {"count": 0, "examples": []},
	}],
}]})

licence_of(stated, parameters) := said if said := outcomes("licence") with input as stated_by([stated], parameters)

test_licences_are_not_asked_for_unless_a_parameter_does if {
	licence_of(gpl, {}) == {"pass"}
	licence_of(nothing, {"licenceUnknown": "blocked"}) == {"pass"}
	policy.needs == set() with input as release([], {})
}

test_what_is_denied_is_blocked_and_the_rest_passes if {
	deny := {"licenceDeny": ["gpl-*"]}
	licence_of(mit, deny) == {"pass"}
	licence_of(gpl, deny) == {"blocked"}
	policy.needs == {"licences"} with input as release([], deny)
}

test_what_is_not_among_the_allowed_is_blocked if {
	allow := {"licenceAllow": ["MIT", "BSD-*"]}
	licence_of(mit, allow) == {"pass"}
	licence_of(gpl, allow) == {"blocked"}
	licence_of(mit, object.union(allow, {"licenceDeny": ["MIT"]})) == {"blocked"}
}

test_of_a_choice_one_side_is_enough_and_of_both_none_may_fail if {
	every parameters in [{"licenceDeny": ["GPL-*"]}, {"licenceAllow": ["MIT"]}] {
		licence_of(either, parameters) == {"pass"}
		licence_of(all_of, parameters) == {"blocked"}
	}
}

test_an_exception_belongs_to_the_licence if {
	licence_of(excepted, {"licenceDeny": ["GPL-2.0-only"]}) == {"pass"}
	licence_of(excepted, {"licenceDeny": ["GPL-2.0-only WITH *"]}) == {"blocked"}
	licence_of(excepted, {"licenceAllow": ["GPL-2.0-only"]}) == {"blocked"}
	licence_of(excepted, {"licenceAllow": [excepted.text]}) == {"pass"}
}

test_older_names_of_a_licence_are_known if {
	every name in ["GPL-2.0", "GPL-2.0+", "gpl-2.0-or-later"] {
		licence_of(gpl, {"licenceDeny": [name]}) == {"blocked"}
		licence_of(gpl, {"licenceAllow": [name]}) == {"pass"}
	}
	licence_of(gpl, {"licenceDeny": ["GPL-2.0-only", "GPL-3.0"]}) == {"pass"}
}

test_what_nobody_knows_is_unknown_unless_it_is_named if {
	every stated in [nothing, odd] {
		licence_of(stated, {"licenceDeny": ["AGPL-*"]}) == {"unknown"}
		licence_of(stated, {"licenceAllow": ["MIT"]}) == {"unknown"}
		licence_of(stated, {"licenceDeny": ["AGPL-*"], "licenceUnknown": "pass"}) == {"pass"}
		licence_of(stated, {"licenceDeny": ["AGPL-*"], "licenceUnknown": "blocked"}) == {"blocked"}
	}
	licence_of(odd, {"licenceDeny": ["GPLv2+"], "licenceUnknown": "pass"}) == {"blocked"}
	licence_of(odd, {"licenceAllow": ["GPLv2+"]}) == {"pass"}
}

test_what_is_no_expression_is_named_as_it_is_written if {
	free := stating("BSD 3 clause", [], [])
	licence_of(free, {"licenceDeny": ["BSD*"]}) == {"blocked"}
	licence_of(free, {"licenceAllow": ["BSD*"]}) == {"unknown"}
	licence_of(free, {"licenceAllow": ["bsd 3 clause"]}) == {"pass"}
}

test_a_scan_that_says_nothing_of_licences_or_gaps_is_unknown if {
	given := release([], {"licenceDeny": ["GPL-*"], "licenceUnknown": "pass", "sbomIncomplete": "blocked"})
	outcomes("licence") == {"unknown"} with input as given
	outcomes("sbom-complete") == {"unknown"} with input as given
}

test_licences_beyond_those_that_are_looked_at_are_unknown if {
	given := stated_by([mit], {"licenceDeny": ["GPL-*"], "licenceUnknown": "pass"})
	more := [{"op": "replace", "path": "components/0/scans/0/licences/more", "value": 1}]
	outcomes("licence") == {"unknown"} with input as json.patch(given, more)
}

test_a_list_that_is_none_lets_nothing_pass if {
	every value in ["GPL-*", [], [1], ["*"], ["a*b"], [""], {"MIT"}] {
		given := stated_by([mit], {"licenceDeny": value})
		outcomes("licence") == set() with input as given
		outcomes("parameters") == {"unknown"} with input as given
	}
}
