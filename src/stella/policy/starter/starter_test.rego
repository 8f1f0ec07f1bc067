package stella.policy_test

import rego.v1

import data.stella.policy

finding(changes) := object.union(
	{
		"id": "CVE-2030-1",
		"aliases": [],
		"purl": "pkg:pypi/foo@1",
		"component": "foo",
		"version": "1",
		"match": "affected",
		"severity": "low",
		"fixed": "2",
		"kev": false,
		"vex": "none",
		"note": "",
		"why": {"paths": ["/foo"], "layerIndex": 0},
	},
	changes,
)

release(findings, parameters) := {
	"components": [{
		"name": "web",
		"reference": "registry.example/web:1",
		"digest": "sha256:a",
		"scans": [{
			"platform": "linux/amd64",
			"digest": "sha256:b",
			"state": "done",
			"document": {"findings": findings, "unmatched": {}},
		}],
	}],
	"parameters": parameters,
	"now": "2030-01-01T00:00:00.000000Z",
}

outcomes(rule) := {result.outcome | some result in policy.results; result.rule == rule}

test_a_low_finding_passes if {
	given := release([finding({})], {})
	outcomes("severity") == {"pass"} with input as given
}

test_a_high_finding_is_blocked if {
	given := release([finding({"severity": "high"})], {})
	outcomes("severity") == {"blocked"} with input as given
}

test_a_high_finding_passes_where_the_parameter_says_so if {
	given := release([finding({"severity": "high"})], {"severityMax": "high"})
	outcomes("severity") == {"pass"} with input as given
}

test_a_known_exploited_finding_is_blocked_whatever_its_severity if {
	given := release([finding({"kev": true})], {"severityMax": "critical"})
	outcomes("known-exploited") == {"blocked"} with input as given
}

test_a_version_that_cannot_be_compared_is_unknown if {
	given := release([finding({"severity": "high", "match": "unknown_version"})], {})
	outcomes("severity") == {"unknown"} with input as given
}

test_what_vex_settles_passes if {
	given := release([finding({"severity": "high", "vex": "not_affected"})], {})
	outcomes("severity") == {"pass"} with input as given
}

test_a_conflict_of_vex_and_what_is_looked_into_settle_nothing if {
	every state in ["none", "affected", "under_investigation", "conflict"] {
		given := release([finding({"severity": "high", "vex": state})], {})
		outcomes("severity") == {"blocked"} with input as given
	}
}

test_what_vex_settles_counts_where_vex_is_ignored if {
	every state in ["not_affected", "fixed"] {
		given := release([finding({"severity": "high", "vex": state})], {"vex": "ignore"})
		outcomes("severity") == {"blocked"} with input as given
	}
}

test_headers_pass_unless_they_are_to_be_judged if {
	headers := [finding({"severity": "high", "note": "headers only"})]
	outcomes("severity") == {"pass"} with input as release(headers, {})
	outcomes("severity") == {"blocked"} with input as release(headers, {"headersOnly": "judge"})
}

test_a_fix_that_is_left_untaken_is_blocked_where_it_is_asked_for if {
	given := release([finding({})], {"fixAvailableFrom": "low"})
	outcomes("fix-available") == {"blocked"} with input as given
}

test_an_image_without_a_scan_is_unknown if {
	scanned := release([], {})
	scan := object.union(scanned.components[0].scans[0], {"document": null, "state": "failed"})
	component := object.union(scanned.components[0], {"scans": [scan]})
	outcomes("scan") == {"unknown"} with input as object.union(scanned, {"components": [component]})
}

test_a_parameter_that_does_not_exist_is_unknown if {
	outcomes("parameters") == {"unknown"} with input as release([], {"severtyMax": "high"})
}

test_a_value_that_does_not_exist_lets_nothing_pass if {
	given := release([], {"severityMax": "hihg"})
	outcomes("parameters") == {"unknown"} with input as given
	outcomes("severity") == set() with input as given
}
