package stella.policy_test

import rego.v1

import data.stella.policy

tested(results, parameters) := json.patch(release([], parameters), [{
	"op": "add",
	"path": "/components/0/scans/0/tests",
	"value": {"results": results, "more": 0},
}])

result_of(changes) := object.union(
	{
		"id": "tst_1",
		"image": "sha256:b",
		"at": "2030-01-01T00:00:00.000000Z",
		"by": {"id": "usr_1", "name": "ci:github:acme/shop"},
		"source": "upload",
		"signer": "ci",
		"isSigned": true,
		"result": "PASSED",
		"suites": ["unit"],
		"failed": 0,
		"failedTests": [],
	},
	changes,
)

test_tests_are_not_looked_at_unless_a_parameter_asks if {
	outcomes("test-results") == {"pass"} with input as release([], {})
	policy.needs == set() with input as release([], {})
	policy.needs == {"tests"} with input as release([], {"testSuites": ["unit"]})
}

test_each_result_says_what_it_says if {
	every result, said in {"PASSED": "pass", "WARNED": "blocked", "FAILED": "blocked"} {
		given := tested([result_of({"result": result})], {"testSuites": ["unit"]})
		outcomes("test-results") == {said} with input as given
	}
	warned := tested([result_of({"result": "WARNED"})], {"testSuites": ["unit"], "testWarned": "pass"})
	outcomes("test-results") == {"pass"} with input as warned
}

test_a_suite_without_a_result_is_unknown if {
	asked := {"testSuites": ["unit", "e2e-*"]}
	outcomes("test-results") == {"unknown"} with input as tested([result_of({})], asked)
	both := [result_of({}), result_of({"suites": ["e2e-checkout"]})]
	outcomes("test-results") == {"pass"} with input as tested(both, asked)
	outcomes("test-results") == {"unknown"} with input as release([], asked)
}

test_whose_word_counts if {
	unsigned := [result_of({"signer": "", "isSigned": false})]
	# What an issuer signed is that one's word, whoever handed it in: an old one is handed in by anybody.
	every by, said in {"ci": "pass", "other": "unknown", "upload:ci:github:acme/*": "unknown"} {
		given := tested([result_of({})], {"testSuites": ["unit"], "testResultBy": [by]})
		outcomes("test-results") == {said} with input as given
	}
	every by, said in {"ci": "unknown", "upload:ci:github:acme/*": "pass", "upload:ci": "unknown"} {
		given := tested(unsigned, {"testSuites": ["unit"], "testResultBy": [by]})
		outcomes("test-results") == {said} with input as given
	}
	outcomes("test-results") == {"unknown"} with input as tested(unsigned, {"testSuites": ["unit"]})
	attached := tested([result_of({"source": "attached", "signer": ""})], {
		"testSuites": ["unit"],
		"testResultBy": ["upload:ci:github:acme/shop"],
	})
	outcomes("test-results") == {"unknown"} with input as attached
}

test_the_newest_result_of_each_image_counts if {
	failed := result_of({"result": "FAILED"})
	later := {"at": "2030-01-02T00:00:00.000000Z"}
	asked := {"testSuites": ["unit"]}
	outcomes("test-results") == {"pass"} with input as tested([failed, result_of(later)], asked)
	outcomes("test-results") == {"blocked"} with input as tested([failed, result_of({})], asked)
	elsewhere := result_of(object.union(later, {"image": "sha256:a"}))
	outcomes("test-results") == {"blocked"} with input as tested([failed, elsewhere], asked)
	uncounted := result_of(object.union(later, {"signer": ""}))
	outcomes("test-results") == {"blocked"} with input as tested([failed, uncounted], asked)
}

test_more_results_than_are_looked_at_are_unknown if {
	given := json.patch(
		tested([result_of({})], {"testSuites": ["unit"]}),
		[{"op": "replace", "path": "/components/0/scans/0/tests/more", "value": 1}],
	)
	outcomes("test-results") == {"unknown"} with input as given
}
