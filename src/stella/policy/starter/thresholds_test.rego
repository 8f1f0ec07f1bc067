package stella.policy_test

import rego.v1

import data.stella.policy

threshold_names := {"exploit-likelihood", "scan-age", "snapshot-age", "base-image", "sbom-complete"}

scanned_at(at, base, parameters) := {
	"components": [{
		"name": "web",
		"reference": "registry.example/web:1",
		"digest": "sha256:a",
		"scans": [{
			"platform": "linux/amd64",
			"digest": "sha256:b",
			"state": "done",
			"at": at,
			"document": {"findings": [], "unmatched": {}},
			"image": {"user": {"root": "no"}, "privileged": [], "secrets": [], "base": base},
		}],
	}],
	"parameters": parameters,
	"now": "2030-01-31T00:00:00.000000Z",
}

test_thresholds_are_off_unless_a_parameter_asks if {
	given := scanned_at(null, null, {})
	every rule in threshold_names {
		outcomes(rule) == {"pass"} with input as given
	}
}

test_a_limit_that_is_no_number_of_its_range_is_unknown if {
	every value in {-1, 1000, 1.5, "100", true} {
		outcomes("exploit-likelihood") == set() with input as release([], {"epssMax": value})
		outcomes("parameters") == {"unknown"} with input as release([], {"epssMax": value})
	}
}

test_only_what_is_proven_unreachable_is_passed_over if {
	severe := finding({"severity": "critical", "reach": "unreachable"})
	outcomes("severity") == {"pass"} with input as release([severe], {"reach": "honour"})
	outcomes("severity") == {"blocked"} with input as release([severe], {})
	limited := {"reach": "honour", "severityUnreachable": "high"}
	outcomes("severity") == {"blocked"} with input as release([severe], limited)

	high := finding({"severity": "high", "reach": "unreachable"})
	outcomes("severity") == {"pass"} with input as release([high], limited)

	unrated := finding({"severity": "unknown", "reach": "unreachable"})
	outcomes("severity") == {"unknown"} with input as release([unrated], limited)
	outcomes("severity") == {"pass"} with input as release([unrated], {"reach": "honour"})

	guessed := finding({"severity": "critical", "reach": "unknown"})
	outcomes("severity") == {"blocked"} with input as release([guessed], {"reach": "honour"})
}

asked_at(feeds, parameters) := object.union(release([], parameters), {"components": [{
	"name": "web",
	"reference": "registry.example/web:1",
	"scans": [{
		"platform": "linux/amd64",
		"state": "done",
		"document": {"findings": [], "unmatched": {}, "feeds": feeds},
	}],
}]})

test_the_feed_that_was_asked_longest_ago_counts if {
	feeds := {"new": "2029-12-31T23:00:00.000000Z", "old": "2029-12-25T00:00:00.000000Z"}
	outcomes("snapshot-age") == {"pass"} with input as asked_at(feeds, {"snapshotAgeDays": 7})
	outcomes("snapshot-age") == {"blocked"} with input as asked_at(feeds, {"snapshotAgeDays": 6})
}

test_advisories_of_an_unknown_age_are_unknown if {
	every feeds in [{}, {"a": null}, {"a": "2030-01-02T00:00:00Z", "b": "2029-12-31T00:00:00Z"}] {
		outcomes("snapshot-age") == {"unknown"} with input as asked_at(feeds, {"snapshotAgeDays": 7})
	}
	outcomes("snapshot-age") == {"unknown"} with input as release([], {"snapshotAgeDays": 3650})
}

test_a_fix_may_wait_for_the_days_that_are_given if {
	week := {"fixAvailableFrom": "low", "fixAvailableDays": 7}
	every at, said in {
		"2029-12-26T00:00:00.000000Z": "pass",
		"2029-12-25T00:00:00.000000Z": "blocked",
		"2030-12-25T00:00:00.000000Z": "blocked",
	} {
		given := fixed_since(at, week)
		outcomes("fix-available") == {said} with input as given
		policy.needs == {"fixes"} with input as given
	}
	outcomes("fix-available") == {"blocked"} with input as release([finding({})], week)
	outcomes("fix-available") == {"pass"} with input as release([finding({})], {"fixAvailableDays": 0})
}

fixed_since(at, parameters) := json.patch(release([finding({})], parameters), [{
	"op": "add",
	"path": "components/0/scans/0/fixes",
	"value": {"CVE-2030-1": {"pkg:pypi/foo@1": at}},
}])
