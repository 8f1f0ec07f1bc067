# What the tests of an image say, by the results that came here. Of each suite the newest result of the index, and
# the newest of the platform, count; of those that came at the same time the worst.
package stella.policy

import rego.v1

# "unit", or "unit*" for all that begin so.
word_names(word, name) if {
	not endswith(word, "*")
	word == name
}

word_names(word, name) if {
	endswith(word, "*")
	startswith(name, trim_suffix(word, "*"))
}

# Whose word a result is: the issuer's that signed it, whoever handed it in; of any other who did that.
test_speakers(one) := {one.signer} if one.signer != ""

test_speakers(one) := {sprintf("upload:%s", [one.by.name]) | one.source == "upload"} if one.signer == ""

test_counts(one, by) if {
	by == "signed"
	one.signer != ""
}

test_counts(one, by) if {
	is_array(by)
	some word in by
	some name in test_speakers(one)
	word_names(word, name)
}

# Why it does not: for people.
test_why_not(one, by) := sprintf("%s is signed by nobody who is known", [one.id]) if {
	one.signer == ""
	one.isSigned
	not test_counts(one, by)
}

test_why_not(one, by) := sprintf("%s is not signed", [one.id]) if {
	one.signer == ""
	not one.isSigned
	not test_counts(one, by)
}

test_why_not(one, by) := sprintf("%s is the word of %s, who is not asked", [one.id, one.signer]) if {
	one.signer != ""
	not test_counts(one, by)
}

# Suite -> the results that count now. scan.tests has to be told.
tests_now(tests, word, by) := {suite: newest |
	counted := [one | some one in tests.results; test_counts(one, by)]
	some suite in {name | some one in counted; some name in one.suites; word_names(word, name)}
	newest := [one |
		some one in counted
		suite in one.suites
		later := [other |
			some other in counted
			suite in other.suites
			other.image == one.image
			other.at > one.at
		]
		count(later) == 0
	]
}

# "a, b" of the tests that failed, at most five.
failed_words(one) := sprintf(": %s%s", [concat(", ", shown), more_words(one.failed - count(shown))]) if {
	shown := array.slice(one.failedTests, 0, 5)
	count(shown) > 0
}

failed_words(one) := "" if count(one.failedTests) == 0

more_words(number) := sprintf(" and %d more", [number]) if number > 0

more_words(number) := "" if number <= 0
