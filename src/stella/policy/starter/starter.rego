# The policy of an environment that names none. Each rule says why, and what mends it.
#
# Parameters, set per environment:
#   severityMax       the worst severity that may pass: none, low, medium, high, critical.  medium
#   severityUnknown   a finding that nobody has rated: unknown, blocked, pass.              unknown
#   knownExploited    a finding in CISA's catalogue: blocked, pass.                         blocked
#   fixAvailableFrom  from which severity on an available fix must be taken: off, low,
#                     medium, high, critical.                                               off
#   fixAvailableDays  for how many days a fix may be known before it must be taken, where
#                     fixAvailableFrom asks: off (for none), 0 to 3650.                     off
#   unmatched         packages that no feed covers: unknown, blocked, pass.                 unknown
#   headersOnly       findings in header packages such as linux-libc-dev: pass, judge.      pass
#   rootUser          a container that begins as root: pass, unknown, blocked.              pass
#   setuid            files with set-user-ID, set-group-ID or capabilities: pass, foreign
#                     (blocked where no system package brings them), blocked.               pass
#   secrets           secrets in the image: pass, unknown, blocked.                         pass
#   endOfLife         a distribution that gets no more updates: pass, unknown, blocked.     pass
#   epssMax           the highest EPSS that may pass, in thousandths: off, 0 to 999.        off
#   epssUnknown       a finding without an EPSS, where epssMax asks for one: unknown,
#                     blocked, pass.                                                        unknown
#   reach             findings in code that is proven unreachable do not count: honour;
#                     they count all the same: ignore. What nobody could tell always counts.  ignore
#   severityUnreachable   the worst severity that does not count for being unreachable, where reach
#                     is honour: none, low, medium, high, critical (which is all of them).  critical
#   scanAgeDays       how many days old a scan may be: off, 0 to 3650.                      off
#   snapshotAgeDays   how many days ago each feed may have been asked last: off, 0 to 3650.   off
#   baseImage         an image that does not say what it is built on: pass, unknown, blocked.
#                                                                                           pass
#   baseImageAgeDaysMax   how many days ago the image that it is built on may have been made:
#                     off, 0 to 3650.                                                       off
#   sbomIncomplete    an image of which something could not be read: pass, unknown, blocked.  pass
#   licenceDeny       licences that may not pass: off, or a list of SPDX ids, such as
#                     ["AGPL-*", "SSPL-1.0"].                                               off
#   licenceAllow      the only licences that may pass: off, or a list.                      off
#   licenceUnknown    a package of which nobody knows the licence, where a list asks: unknown,
#                     blocked, pass.                                                        unknown
#   testSuites        suites of tests that each image must have passed: off, or a list of names,
#                     such as ["unit", "e2e-*"].                                            off
#   testWarned        a suite that passed with warnings: pass, unknown, blocked.            blocked
#   testResultBy      whose results count: signed (of every issuer whose key is known), or a list
#                     of issuers and of upload:NAME for who hands one in.                   signed
#   changeTicket      a change ticket: off; judged where one is named: named; required.     off
#   ticketStatus      what passes: approved (as its integration says), or a list of statuses.
#                                                                                           approved
#   ticketAgeMinutes  how many minutes ago it may have been looked up: off, 0 to 100000.    60
#   ticketWindow      whether it must be now that it is planned for: pass, inside.          pass
#   ticketReuse       a ticket that stands for another promotion: pass; of the same images
#                     alone: release; blocked.                                              pass
#   vex               findings that VEX settles (not_affected, fixed) do not count: honour;
#                     they count all the same: ignore.                                      honour
package stella.policy

import rego.v1

# Every one of these must speak. One that says nothing counts as unknown.
rules := {"scan", "unmatched", "known-exploited", "severity", "fix-available", "licence", "test-results", "change-ticket", "parameters"} |
	object.keys(image_rules) | object.keys(threshold_rules)

defaults := {
	"severityMax": "medium",
	"severityUnknown": "unknown",
	"knownExploited": "blocked",
	"fixAvailableFrom": "off",
	"fixAvailableDays": "off",
	"unmatched": "unknown",
	"headersOnly": "pass",
	"rootUser": "pass",
	"setuid": "pass",
	"secrets": "pass",
	"endOfLife": "pass",
	"epssMax": "off",
	"epssUnknown": "unknown",
	"reach": "ignore",
	"severityUnreachable": "critical",
	"scanAgeDays": "off",
	"snapshotAgeDays": "off",
	"baseImage": "pass",
	"baseImageAgeDaysMax": "off",
	"sbomIncomplete": "pass",
	"licenceDeny": "off",
	"licenceAllow": "off",
	"licenceUnknown": "unknown",
	"testSuites": "off",
	"testWarned": "blocked",
	"testResultBy": "signed",
	"changeTicket": "off",
	"ticketStatus": "approved",
	"ticketAgeMinutes": 60,
	"ticketWindow": "pass",
	"ticketReuse": "pass",
	"vex": "honour",
}

allowed := {
	"severityMax": {"none", "low", "medium", "high", "critical"},
	"severityUnknown": {"unknown", "blocked", "pass"},
	"knownExploited": {"blocked", "pass"},
	"fixAvailableFrom": {"off", "low", "medium", "high", "critical"},
	"fixAvailableDays": {"off"},
	"unmatched": {"unknown", "blocked", "pass"},
	"headersOnly": {"pass", "judge"},
	"rootUser": {"pass", "unknown", "blocked"},
	"setuid": {"pass", "foreign", "blocked"},
	"secrets": {"pass", "unknown", "blocked"},
	"endOfLife": {"pass", "unknown", "blocked"},
	"epssMax": {"off"},
	"epssUnknown": {"unknown", "blocked", "pass"},
	"reach": {"honour", "ignore"},
	"severityUnreachable": {"none", "low", "medium", "high", "critical"},
	"scanAgeDays": {"off"},
	"snapshotAgeDays": {"off"},
	"baseImage": {"pass", "unknown", "blocked"},
	"baseImageAgeDaysMax": {"off"},
	"sbomIncomplete": {"pass", "unknown", "blocked"},
	"licenceDeny": {"off"},
	"licenceAllow": {"off"},
	"licenceUnknown": {"unknown", "blocked", "pass"},
	"testSuites": {"off"},
	"testWarned": {"pass", "unknown", "blocked"},
	"testResultBy": {"signed"},
	"changeTicket": {"off", "named", "required"},
	"ticketStatus": {"approved"},
	"ticketAgeMinutes": {"off"},
	"ticketWindow": {"pass", "inside"},
	"ticketReuse": {"pass", "release", "blocked"},
	"vex": {"honour", "ignore"},
}

# Beside what is allowed: whole numbers from 0 up to this.
highest := {
	"baseImageAgeDaysMax": 3650,
	"epssMax": 999,
	"fixAvailableDays": 3650,
	"scanAgeDays": 3650,
	"snapshotAgeDays": 3650,
	"ticketAgeMinutes": 100000,
}

# Beside what is allowed: lists of words, each of which may end in a star.
lists := {"licenceDeny", "licenceAllow", "testSuites", "testResultBy", "ticketStatus"}

is_allowed(name, value) if value in allowed[name]

is_allowed(name, value) if {
	is_number(value)
	value == floor(value)
	value >= 0
	value <= highest[name]
}

is_allowed(name, value) if {
	name in lists
	is_array(value)
	count(value) > 0
	every word in value {
		is_string(word)
		count(word) <= 100
		regex.match(`^[^*\s][^*]*\*?$`, word)
	}
}

ranks := {"none": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}

# A value that is not allowed makes a parameter undefined, and every rule that needs it silent.
parameter := object.union(object.remove(defaults, object.keys(input.parameters)), {name: value |
	some name, value in input.parameters
	is_allowed(name, value)
})

limit := ranks[parameter.severityMax]

fix_from := 5 if parameter.fixAvailableFrom == "off"

fix_from := ranks[parameter.fixAvailableFrom]

# --- parameters

results contains {
	"rule": "parameters",
	"outcome": "unknown",
	"message": sprintf("the parameter %s has the value %v", [name, input.parameters[name]]),
	"fix": sprintf("set it to one of %s%s", [concat(", ", sort(allowed[name])), beside(name)]),
	"who": "an operator",
} if {
	some name, value in input.parameters
	defaults[name]
	not is_allowed(name, value)
}

beside(name) := sprintf(", or a whole number up to %d", [highest[name]]) if highest[name]

beside(name) := ", or a list of words" if name in lists

beside(name) := "" if {
	not highest[name]
	not name in lists
}

results contains {
	"rule": "parameters",
	"outcome": "unknown",
	"message": sprintf("the policy has no parameter %s", [name]),
	"fix": sprintf("use %s", [concat(", ", sort(object.keys(defaults)))]),
	"who": "an operator",
} if {
	some name, _ in input.parameters
	not defaults[name]
}

results contains passed("parameters", "all known") if {
	every name, value in input.parameters {
		is_allowed(name, value)
	}
}

# --- scan

unscanned := [result |
	some component in input.components
	some scan in component.scans
	not is_object(scan.document)
	why := scan_gap(scan)
	result := unknown(
		"scan",
		component,
		sprintf("%s: %s %s was not %s", [component.name, scan.platform, scan.digest, why]),
		sprintf("scan it: stella scan %s", [component.reference]),
	)
]

# null is no document: an image that was scanned without advisories is as unknown as an unscanned one.
scan_gap(scan) := "matched against advisories" if scan.state == "done"

scan_gap(scan) := sprintf("scanned (%s)", [scan.state]) if scan.state != "done"

platformless := [result |
	some component in input.components
	count(component.scans) == 0
	result := unknown(
		"scan",
		component,
		sprintf("%s: no platform of %s is known, so nothing was scanned", [component.name, component.digest]),
		sprintf("scan it: stella scan %s", [component.reference]),
	)
]

results contains result if some result in unscanned

results contains result if some result in platformless

results contains {
	"rule": "scan",
	"outcome": "unknown",
	"message": "the release has no components",
	"fix": "create a release with components",
	"who": "whoever makes the release",
} if {
	count(input.components) == 0
}

results contains passed("scan", "every image was scanned") if {
	count(input.components) > 0
	count(unscanned) + count(platformless) == 0
}

# --- unmatched

uncovered := [result |
	some component in input.components
	some scan in component.scans
	some kind, number in scan.document.unmatched
	number > 0
	result := object.union(
		unknown(
			"unmatched",
			component,
			sprintf("%s: no advisories at hand for %d packages of %s", [component.name, number, kind]),
			sprintf("import a feed for %s, or set the parameter unmatched", [kind]),
		),
		{"outcome": parameter.unmatched, "who": "an operator"},
	)
]

results contains result if {
	parameter.unmatched != "pass"
	some result in uncovered
}

results contains passed("unmatched", "every package is covered by a feed") if {
	parameter.unmatched
	count(uncovered) == 0
}

results contains passed("unmatched", "packages without a feed are let pass") if {
	parameter.unmatched == "pass"
	count(uncovered) > 0
}

# --- findings that count

# A conflict of those whose word counts, and what is only looked into, settle nothing.
settled := {"not_affected", "fixed"} if parameter.vex == "honour"

settled := set() if parameter.vex == "ignore"

# Nothing is unreachable because nobody looked: "unknown" counts.
is_passed_unreached(finding) if {
	parameter.reach == "honour"
	finding.reach == "unreachable"
	is_minor_unreached(finding.severity)
}

is_minor_unreached(_) if parameter.severityUnreachable == "critical"

is_minor_unreached(severity) if ranks[severity] <= ranks[parameter.severityUnreachable]

passed_over := {"headers only"} if parameter.headersOnly == "pass"

passed_over := set() if parameter.headersOnly == "judge"

# The name only: with the component whole, each entry would hold every finding again.
open := [{"component": component.name, "finding": finding} |
	some component in input.components
	some scan in component.scans
	some finding in scan.document.findings
	finding.match != "not_affected"
	not finding.vex in settled
	not is_passed_unreached(finding)
	not finding.note in passed_over
]

# A version that cannot be compared is no proof of anything.
outcome_of := {"affected": "blocked", "unknown_version": "unknown"}

# A result with an objection is put into words when it is read: package, ids, objection, path and
# layer make the message, fixed version and component the fix.

# --- known exploited

exploited := [result |
	parameter.knownExploited == "blocked"
	some one in open
	one.finding.kev
	result := {
		"rule": "known-exploited",
		"outcome": outcome_of[one.finding.match],
		"objection": "is known to be exploited",
		"component": one.component,
		"finding": one.finding,
	}
]

results contains result if some result in exploited

results contains passed("known-exploited", "nothing known to be exploited") if {
	parameter.knownExploited == "blocked"
	count(exploited) == 0
}

results contains passed("known-exploited", "not asked for") if parameter.knownExploited == "pass"

# --- severity

too_severe[word] := sprintf("is %s, at most %s may pass", [word, parameter.severityMax]) if {
	some word, rank in ranks
	rank > limit
}

severe := [result |
	some one in open
	objection := too_severe[one.finding.severity]
	result := {
		"rule": "severity",
		"outcome": outcome_of[one.finding.match],
		"objection": objection,
		"component": one.component,
		"finding": one.finding,
	}
]

unrated := [result |
	parameter.severityUnknown != "pass"
	some one in open
	not ranks[one.finding.severity]
	result := {
		"rule": "severity",
		"outcome": parameter.severityUnknown,
		"objection": "has no severity",
		"component": one.component,
		"finding": one.finding,
	}
]

results contains result if some result in severe

results contains result if some result in unrated

results contains passed("severity", sprintf("nothing above %s", [parameter.severityMax])) if {
	limit >= 0
	parameter.severityUnknown
	count(severe) + count(unrated) == 0
}

# --- ages, in whole days

day_ns := ((24 * 60) * 60) * 1000000000

# -1: nobody knows.
age_of(at) := floor((time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(at)) / day_ns) if is_string(at)

age_of(at) := -1 if not is_string(at)

# --- fix available

worth_fixing[word] := sprintf("is %s and has a fix", [word]) if {
	some word, rank in ranks
	rank >= fix_from
}

fixes_count_days if {
	fix_from < 5
	is_number(parameter.fixAvailableDays)
}

needs contains "fixes" if fixes_count_days

# A fix of which nobody knows since when it is known may not wait.
fix_days[id][purl] := days if {
	fixes_count_days
	some component in input.components
	some scan in component.scans
	some id, packages in scan.fixes
	some purl, at in packages
	days := age_of(at)
	days >= 0
}

may_wait(finding) if {
	is_number(parameter.fixAvailableDays)
	fix_days[finding.id][finding.purl] < parameter.fixAvailableDays
}

since_words(_) := "" if parameter.fixAvailableDays == "off"

since_words(finding) := sprintf(" that is known for %d days", [fix_days[finding.id][finding.purl]]) if {
	is_number(parameter.fixAvailableDays)
}

since_words(finding) := ", and nobody knows since when" if {
	is_number(parameter.fixAvailableDays)
	not fix_days[finding.id][finding.purl]
}

fixable := [result |
	parameter.fixAvailableDays
	some one in open
	one.finding.fixed != ""
	objection := worth_fixing[one.finding.severity]
	not may_wait(one.finding)
	result := {
		"rule": "fix-available",
		"outcome": outcome_of[one.finding.match],
		"objection": concat("", [objection, since_words(one.finding)]),
		"component": one.component,
		"finding": one.finding,
	}
]

results contains result if some result in fixable

results contains passed("fix-available", "no fix is left untaken") if {
	fix_from >= 0
	parameter.fixAvailableDays == "off"
	count(fixable) == 0
}

results contains passed(
	"fix-available",
	sprintf("no fix is left untaken for %d days", [parameter.fixAvailableDays]),
) if {
	fix_from >= 0
	is_number(parameter.fixAvailableDays)
	count(fixable) == 0
}

# --- how a rule speaks

passed(rule, message) := {"rule": rule, "outcome": "pass", "message": message}

unknown(rule, component, message, fix) := {
	"rule": rule,
	"outcome": "unknown",
	"message": message,
	"component": component.name,
	"fix": fix,
	"who": sprintf("whoever builds %s", [component.name]),
}
