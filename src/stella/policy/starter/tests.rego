# Which suites of tests an image must have passed, by whose word. Off until testSuites asks.
package stella.policy

import rego.v1

tests_asked if is_array(parameter.testSuites)

needs contains "tests" if tests_asked

test_objections contains objection(
	"test-results", "blocked", one,
	sprintf("failed the tests %s (%s)%s", [suite, said.id, failed_words(said)]),
	sprintf("mend it and build anew, or run %s again and hand its result in", [suite]),
) if {
	tests_asked
	some one in looked_up
	some word in parameter.testSuites
	some suite, newest in tests_now(one.tests, word, parameter.testResultBy)
	some said in newest
	said.result == "FAILED"
}

test_objections contains objection(
	"test-results", parameter.testWarned, one,
	sprintf("passed the tests %s with warnings alone (%s)", [suite, said.id]),
	"mend what they warn of, or set the parameter testWarned",
) if {
	tests_asked
	parameter.testWarned != "pass"
	some one in looked_up
	some word in parameter.testSuites
	some suite, newest in tests_now(one.tests, word, parameter.testResultBy)
	some said in newest
	said.result == "WARNED"
}

test_objections contains objection(
	"test-results", "unknown", one,
	sprintf("has no result of the tests %s that counts%s", [word, others(one, word)]),
	sprintf("run them, and hand the result in: stella test-result upload, or attach it to %s", [one.reference]),
) if {
	tests_asked
	some one in looked_up
	is_object(one.tests)
	some word in parameter.testSuites
	count(tests_now(one.tests, word, parameter.testResultBy)) == 0
}

others(one, word) := sprintf(": %s", [concat("; ", array.slice(sort(said), 0, 3))]) if {
	said := {why |
		some other in one.tests.results
		some suite in other.suites
		word_names(word, suite)
		why := test_why_not(other, parameter.testResultBy)
	}
	count(said) > 0
} else := ""

test_objections contains objection(
	"test-results", "unknown", one,
	sprintf("has %d more test results than are looked at", [one.tests.more]),
	"withdraw those that do not matter: stella test-result withdraw",
) if {
	tests_asked
	some one in looked_up
	one.tests.more > 0
}

test_objections contains unknown(
	"test-results", one, sprintf("%s: nobody looked for results of the tests of %s", [one.name, one.platform]),
	"judge it again",
) if {
	tests_asked
	some one in looked_up
	not is_object(one.tests)
}

results contains passed("test-results", "not asked for") if parameter.testSuites == "off"

results contains passed("test-results", "every image passed its tests") if {
	tests_asked
	parameter.testWarned
	parameter.testResultBy
	count(test_objections) == 0
}

results contains one if some one in test_objections
