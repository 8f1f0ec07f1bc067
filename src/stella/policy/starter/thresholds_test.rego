package stella.policy_test

import rego.v1

threshold_names := {"exploit-likelihood", "scan-age", "base-image"}

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
	guessed := finding({"severity": "critical", "reach": "unknown"})
	outcomes("severity") == {"blocked"} with input as release([guessed], {"reach": "honour"})
}
