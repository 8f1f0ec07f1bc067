package stella.policy_test

import rego.v1

import data.stella.policy

threshold_names := {"exploit-likelihood", "scan-age", "snapshot-age", "base-image", "base-image-age", "sbom-complete"}

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

built_on(base, says, age) := object.union(
	scanned_at("2030-01-30T00:00:00.000000Z", says, {"baseImageAgeDaysMax": age}),
	{"components": [component |
		given := scanned_at("2030-01-30T00:00:00.000000Z", says, {})
		component := json.patch(given.components[0], [{"op": "add", "path": "scans/0/base", "value": base}])
	]},
)

base_made(at) := {"reference": "registry.example/base:1", "digest": "sha256:c", "created": at, "newer": null}

test_a_base_image_may_be_so_many_days_old if {
	january := base_made("2030-01-01T00:00:00.000000Z")
	outcomes("base-image-age") == {"pass"} with input as built_on(january, null, 30)
	outcomes("base-image-age") == {"blocked"} with input as built_on(january, null, 29)
	outcomes("base-image-age") == {"pass"} with input as built_on(january, null, "off")
	policy.needs == {"base"} with input as built_on(january, null, 29)
	policy.needs == set() with input as built_on(january, null, "off")
}

test_a_base_image_of_an_unknown_age_is_unknown if {
	every at in {
		null,
		"0001-01-01T00:00:00.000000Z",
		"1970-01-01T00:00:00.000000Z",
		"2012-12-31T23:59:59.000000Z",
		"2030-01-31T00:00:01.000000Z",
		"2099-01-01T00:00:00.000000Z",
	} {
		outcomes("base-image-age") == {"unknown"} with input as built_on(base_made(at), null, 3650)
	}
	every base in {null, false} {
		outcomes("base-image-age") == {"unknown"} with input as built_on(base, null, 3650)
		outcomes("base-image-age") == {"unknown"} with input as built_on(base, {"name": "debian:12"}, 3650)
	}
}

base_fixes contains one.fix if {
	some one in policy.results
	one.rule == "base-image-age"
}

test_it_says_on_what_to_rebuild if {
	old := base_made("2029-01-01T00:00:00.000000Z")
	newer := {"reference": "registry.example/base:2", "digest": "sha256:d", "created": "2030-01-20T00:00:00.000000Z"}
	base_fixes == {"rebuild it on registry.example/base:2, made on 2030-01-20"} with input as built_on(
		object.union(old, {"newer": newer}), null, 30,
	)
	every other in {null, object.union(newer, {"created": "2029-02-01T00:00:00.000000Z"})} {
		base_fixes == {"rebuild it on a newer one than registry.example/base:1"} with input as built_on(
			object.union(old, {"newer": other}), null, 30,
		)
	}
	base_fixes == {"scan what it is built on: stella scan debian:12 --upload"} with input as built_on(
		null, {"name": "debian:12"}, 30,
	)
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
