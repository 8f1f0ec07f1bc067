# The rules of a policy in plain YAML, which stand beside this as the value `plain`. A condition answers yes,
# no or unknown; what would be objected to, were it known, is unknown.
package stella.policy

import rego.v1

rules := {"scan", "unmatched"} | {one.name | some one in plain.rules}

ranks := {"none": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}

# --- what has to be looked up

needs contains "licences" if {
	some rule in plain.rules
	some key in {"licenceDenied", "licenceNotAmong"}
	rule.images[key]
}

needs contains "partial" if {
	some rule in plain.rules
	rule.images.incomplete
}

needs contains "tests" if {
	some rule in plain.rules
	rule.images.testsNotPassed
}

needs contains "base" if {
	some rule in plain.rules
	rule.images.baseOlderThanDays >= 0
}

needs contains "fixes" if {
	some rule in plain.rules
	rule.findings.fixKnownDays >= 0
}

# --- what was not scanned, and what no feed covers

gaps contains {
	"rule": "scan",
	"outcome": "unknown",
	"message": sprintf("%s: %s was not scanned and matched against advisories", [component.name, scan.platform]),
	"component": component.name,
	"fix": sprintf("scan it: stella scan %s", [component.reference]),
	"who": sprintf("whoever builds %s", [component.name]),
} if {
	some component in input.components
	some scan in component.scans
	not is_object(scan.document)
}

gaps contains {
	"rule": "scan",
	"outcome": "unknown",
	"message": sprintf("%s: no platform of it is known", [component.name]),
	"component": component.name,
	"fix": sprintf("scan it: stella scan %s", [component.reference]),
	"who": sprintf("whoever builds %s", [component.name]),
} if {
	some component in input.components
	count(component.scans) == 0
}

gaps contains {
	"rule": "scan",
	"outcome": "unknown",
	"message": "the release has no components",
	"fix": "create a release with components",
	"who": "whoever makes the release",
} if {
	count(input.components) == 0
}

gaps contains {
	"rule": "unmatched",
	"outcome": plain.unmatched,
	"message": sprintf("%s: no advisories at hand for %d packages of %s", [component.name, number, kind]),
	"component": component.name,
	"fix": sprintf("import a feed for %s", [kind]),
	"who": "an operator",
} if {
	plain.unmatched != "pass"
	some component in input.components
	some scan in component.scans
	some kind, number in scan.document.unmatched
	number > 0
}

results contains gap if some gap in gaps

results contains {"rule": which, "outcome": "pass", "message": "nothing is left out"} if {
	some which in {"scan", "unmatched"}
	count([gap | some gap in gaps; gap.rule == which]) == 0
}

# --- findings

settled := {"not_affected", "fixed"} if plain.vex == "honour"

settled := set() if plain.vex == "ignore"

passed_over := {"headers only"} if plain.headersOnly == "pass"

passed_over := set() if plain.headersOnly == "judge"

open := [{"component": component.name, "finding": finding} |
	some component in input.components
	some scan in component.scans
	some finding in scan.document.findings
	finding.match != "not_affected"
	not finding.vex in settled
	not finding.note in passed_over
]

finding_says(key, wanted, finding) := "unknown" if {
	key == "severityFrom"
	not ranks[finding.severity]
}

finding_says(key, wanted, finding) := yes_if(at_least(ranks[finding.severity], ranks[wanted])) if {
	key == "severityFrom"
	ranks[finding.severity] >= 0
}

finding_says(key, wanted, finding) := yes_if(finding.kev == wanted) if key == "knownExploited"

finding_says(key, wanted, finding) := yes_if((finding.fixed != "") == wanted) if key == "fixAvailable"

finding_says(key, _, finding) := "no" if {
	key == "fixKnownDays"
	finding.fixed == ""
}

finding_says(key, _, finding) := "unknown" if {
	key == "fixKnownDays"
	finding.fixed != ""
	not fix_ages[finding.id][finding.purl]
}

finding_says(key, wanted, finding) := yes_if(at_least(fix_ages[finding.id][finding.purl], wanted * day_ns)) if {
	key == "fixKnownDays"
	finding.fixed != ""
}

finding_says(key, wanted, finding) := "unknown" if {
	key == "epssAbove"
	not is_number(finding.epssPermille)
}

finding_says(key, wanted, finding) := yes_if(exceeds(finding.epssPermille, wanted)) if {
	key == "epssAbove"
	is_number(finding.epssPermille)
}

# What nobody could tell is no answer: unknown where it is asked whether it is reachable.
finding_says(key, _, finding) := "unknown" if {
	key == "reachable"
	not finding.reach in {"reachable", "unreachable"}
}

finding_says(key, wanted, finding) := yes_if((finding.reach == "reachable") == wanted) if {
	key == "reachable"
	finding.reach in {"reachable", "unreachable"}
}

finding_says(key, _, finding) := yes_if(finding.reach != "unreachable") if key == "mayBeReached"

finding_says(key, wanted, finding) := yes_if(finding.component in wanted) if key == "packages"

finding_says(key, wanted, finding) := yes_if(type_of(finding) in wanted) if key == "packageTypes"

finding_says(key, wanted, finding) := yes_if(count(named(finding) & {one | some one in wanted}) > 0) if key == "ids"

day_ns := 86400000000000

# How long a fix is known: vulnerability -> purl -> nanoseconds.
fix_ages[id][purl] := age if {
	some component in input.components
	some scan in component.scans
	some id, packages in scan.fixes
	some purl, at in packages
	age := time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(at)
	age >= 0
}

type_of(finding) := split(trim_prefix(finding.purl, "pkg:"), "/")[0]

named(finding) := {finding.id} | {one | some one in finding.aliases}

yes_if(truth) := "yes" if truth == true

yes_if(truth) := "no" if truth == false

default at_least(_, _) := false

at_least(one, other) if one >= other

default exceeds(_, _) := false

exceeds(one, other) if one > other

verdict(says, outcome, match) := outcome if {
	not "no" in says
	not "unknown" in says
	match != "unknown_version"
}

verdict(says, outcome, match) := "unknown" if {
	not "no" in says
	is_doubtful(says, match)
}

is_doubtful(says, _) if "unknown" in says

is_doubtful(_, match) if match == "unknown_version"

doubted(text, wanted, outcome) := text if wanted == outcome

doubted(text, wanted, outcome) := sprintf("%s, for all that is known", [text]) if wanted != outcome

finding_objections(rule) := [said |
	some one in open
	says := {answer | some key, wanted in rule.findings; answer := finding_says(key, wanted, one.finding)}
	outcome := verdict(says, rule.outcome, one.finding.match)
	said := {
		"rule": rule.name,
		"outcome": outcome,
		"message": rule.message,
		"objection": doubted(rule.says, rule.outcome, outcome),
		"component": one.component,
		"finding": one.finding,
		"fix": rule.fix,
	}
]

# --- images

image_says(key, _, scan) := {"yes": "yes", "no": "no"}[scan.image.user.root] if key == "beginsAsRoot"

image_says(key, _, scan) := "yes" if {
	key == "holdsSecrets"
	count(scan.image.secrets) > 0
}

image_says(key, _, scan) := "no" if {
	key == "holdsSecrets"
	count(scan.image.secrets) == 0
}

image_says(key, _, scan) := "no" if {
	key == "endOfLife"
	scan.lifetime.until in {"none", "rolling"}
}

image_says(key, _, scan) := yes_if(exceeds(substring(input.now, 0, 10), scan.lifetime.until)) if {
	key == "endOfLife"
	not scan.lifetime.until in {"", "none", "rolling"}
}

image_says(key, wanted, scan) := yes_if(exceeds(age, wanted * day_ns)) if {
	key == "scanOlderThanDays"
	is_string(scan.at)
	age := time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(scan.at)
	age >= 0
}

# Of the feed that was asked longest ago; unknown where one of them was asked later than now.
image_says(key, wanted, scan) := yes_if(exceeds(max(ages), wanted * day_ns)) if {
	key == "advisoriesOlderThanDays"
	count(scan.document.feeds) > 0
	ages := [age |
		some at in scan.document.feeds
		age := time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(at)
		age >= 0
	]
	count(ages) == count(scan.document.feeds)
}

# Unknown where no scanned image is beneath it, and where that says a day before there were images, or one that is not yet.
image_says(key, wanted, scan) := yes_if(exceeds(age, wanted * day_ns)) if {
	key == "baseOlderThanDays"
	scan.base.created >= "2013"
	age := time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(scan.base.created)
	age >= 0
}

image_says(key, _, scan) := yes_if(exceeds(scan.partial.count, 0)) if {
	key == "incomplete"
	scan.partial.count >= 0
}

# Of a suite without a result it is unknown.
image_says(key, wanted, scan) := "yes" if {
	key == "testsNotPassed"
	count(suite_answers(wanted, scan) & {"FAILED", "WARNED"}) > 0
}

image_says(key, wanted, scan) := "no" if {
	key == "testsNotPassed"
	scan.tests.more == 0
	suite_answers(wanted, scan) == {"PASSED"}
}

# What the newest results of all suites say; "missing" for a word that no suite answers to.
suite_answers(wanted, scan) := {answer |
	some word in wanted
	some newest in tests_now(scan.tests, word, plain.testResultBy)
	some one in newest
	answer := one.result
} | {"missing" |
	some word in wanted
	count(tests_now(scan.tests, word, plain.testResultBy)) == 0
}

# For each condition the licences that it denies, and those that it allows.
licence_lists["licenceDenied"][wanted] := lists_of(words_in(wanted), set(), licence_names) if {
	some rule in plain.rules
	wanted := rule.images.licenceDenied
}

licence_lists["licenceNotAmong"][wanted] := lists_of(set(), words_in(wanted), licence_names) if {
	some rule in plain.rules
	wanted := rule.images.licenceNotAmong
}

licences_say(key, wanted, scan) := {stated_says(stated, lists) |
	lists := licence_lists[key][wanted]
	some stated in scan.licences.stated
}

image_says(key, wanted, scan) := "yes" if "blocked" in licences_say(key, wanted, scan)

image_says(key, wanted, scan) := "no" if {
	licence_lists[key][wanted]
	is_array(scan.licences.stated)
	scan.licences.more == 0
	said := licences_say(key, wanted, scan)
	not "blocked" in said
	not "unknown" in said
}

image_says(key, wanted, scan) := "no" if {
	plain.licenceUnknown == "pass"
	licence_lists[key][wanted]
	is_array(scan.licences.stated)
	scan.licences.more == 0
	not "blocked" in licences_say(key, wanted, scan)
}

# ", such as readline 8.2 (GPL-3.0-only)": what is denied before what nobody knows.
such_as(rule, scan) := sprintf(", such as %s (%s)", [found[0].packages[0], found[0].text]) if {
	found := [stated |
		some outcome in ["blocked", "unknown"]
		some key, wanted in rule.images
		some stated in scan.licences.stated
		stated_says(stated, licence_lists[key][wanted]) == outcome
	]
	count(found) > 0
}

told(key, wanted, scan) := answer if answer := image_says(key, wanted, scan)

told(key, wanted, scan) := "unknown" if not image_says(key, wanted, scan)

image_objections(rule) := [said |
	some component in input.components
	some scan in component.scans
	scan.state == "done"
	says := {answer | some key, wanted in rule.images; answer := told(key, wanted, scan)}
	outcome := verdict(says, rule.outcome, "")
	said := {
		"rule": rule.name,
		"outcome": outcome,
		"message": sprintf("%s: %s %s%s", [
			component.name,
			scan.platform,
			doubted(words(rule), rule.outcome, outcome),
			example(rule, scan),
		]),
		"component": component.name,
		"fix": rule.fix,
		"who": sprintf("whoever builds %s", [component.name]),
	}
]

example(rule, scan) := text if {
	rule.message == ""
	text := such_as(rule, scan)
}

example(rule, scan) := "" if rule.message != ""

example(rule, scan) := "" if not such_as(rule, scan)

words(rule) := rule.message if rule.message != ""

words(rule) := rule.says if rule.message == ""

# --- the promotion

ticket := object.get(input, "changeTicket", null)

is_answered if is_string(ticket.lookedUpAt)

promotion_says(key, _) := yes_if(ticket == null) if key == "noTicket"

promotion_says(key, _) := "no" if {
	key != "noTicket"
	ticket == null
}

promotion_says(key, _) := yes_if(ticket.approved != true) if {
	key == "ticketNotApproved"
	is_answered
}

promotion_says(key, wanted) := yes_if(exceeds(age, wanted * 60000000000)) if {
	key == "ticketOlderThanMinutes"
	is_answered
	age := time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(ticket.lookedUpAt)
	age >= 0
}

promotion_says(key, _) := yes_if(count([0 | ticket.startsAt <= input.now; input.now < ticket.endsAt]) == 0) if {
	key == "outsideTicketWindow"
	is_answered
	ticket.startsAt != ""
	ticket.endsAt != ""
}

promotion_says(key, _) := yes_if(count(others) > 0) if {
	key == "ticketOfOtherImages"
	is_object(ticket)
	others := [use | some use in ticket.uses; use.releaseDigest != input.release.digest]
}

promotion_told(key, wanted) := answer if answer := promotion_says(key, wanted)

promotion_told(key, wanted) := "unknown" if not promotion_says(key, wanted)

# What runs already is asked about without a promotion, and stands or falls by what it is.
promotion_objections(rule) := [said |
	not input.hypothetical
	says := {answer | some key, wanted in rule.promotion; answer := promotion_told(key, wanted)}
	outcome := verdict(says, rule.outcome, "")
	said := {
		"rule": rule.name,
		"outcome": outcome,
		"message": sprintf("it %s", [doubted(words(rule), rule.outcome, outcome)]),
		"fix": rule.fix,
		"who": "whoever asks for it",
	}
]

# --- what each rule says

said_by(rule) := promotion_objections(rule) if rule.promotion

said_by(rule) := finding_objections(rule) if rule.findings

said_by(rule) := image_objections(rule) if rule.images

results contains one if {
	some rule in plain.rules
	objections := said_by(rule)
	count(objections) > rule.atMost
	some one in objections
}

results contains {"rule": rule.name, "outcome": "pass", "message": sprintf("at most %d objections", [rule.atMost])} if {
	some rule in plain.rules
	objections := said_by(rule)
	count(objections) <= rule.atMost
}
