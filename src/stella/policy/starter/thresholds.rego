# How likely it is to be exploited, how old a scan and the advisories may be, whether an image says what it is
# built on and how old that may be, and whether all of it could be read. Each rule is off until its parameter asks for it.
package stella.policy

import rego.v1

# Rule -> its parameter, and the value of it that asks for nothing.
threshold_rules := {
	"exploit-likelihood": ["epssMax", "off"],
	"scan-age": ["scanAgeDays", "off"],
	"snapshot-age": ["snapshotAgeDays", "off"],
	"base-image": ["baseImage", "pass"],
	"base-image-age": ["baseImageAgeDaysMax", "off"],
	"sbom-complete": ["sbomIncomplete", "pass"],
}

threshold_passed := {
	"exploit-likelihood": "nothing is more likely to be exploited than may be",
	"scan-age": "every scan is recent enough",
	"snapshot-age": "the advisories are recent enough",
	"base-image": "every image says what it is built on",
	"base-image-age": "what every image is built on is recent enough",
	"sbom-complete": "everything could be read",
}

# --- EPSS, in thousandths

threshold_objections contains {
	"rule": "exploit-likelihood",
	"outcome": outcome_of[one.finding.match],
	"objection": sprintf("has an EPSS of %d thousandths, at most %d may pass", [permille, parameter.epssMax]),
	"component": one.component,
	"finding": one.finding,
} if {
	parameter.epssMax != "off"
	some one in open
	permille := object.get(one.finding, "epssPermille", null)
	is_number(permille)
	permille > parameter.epssMax
}

threshold_objections contains {
	"rule": "exploit-likelihood",
	"outcome": parameter.epssUnknown,
	"objection": "has no EPSS",
	"component": one.component,
	"finding": one.finding,
} if {
	parameter.epssMax != "off"
	parameter.epssUnknown != "pass"
	some one in open
	not is_number(object.get(one.finding, "epssPermille", null))
}

# --- age of a scan

is_recent(days) if {
	days >= 0
	days <= parameter.scanAgeDays
}

age_words(days) := sprintf("%d days old, at most %d may be", [days, parameter.scanAgeDays]) if days >= 0

age_words(days) := "of a time that nobody knows" if days < 0

age_outcome(days) := "blocked" if days >= 0

age_outcome(days) := "unknown" if days < 0

threshold_objections contains objection(
	"scan-age", age_outcome(days), one,
	sprintf("was scanned at a time that is %s", [age_words(days)]),
	sprintf("scan it again: stella scan %s --upload", [one.reference]),
) if {
	parameter.scanAgeDays != "off"
	some one in scanned
	days := age_of(one.at)
	not is_recent(days)
}

# --- age of the advisories

# Of the feed that was asked longest ago. The snapshot of a findings document notes when each was.
feed_ages(feeds) := {name: age_of(at) | some name, at in feeds}

snapshot_objection(one, outcome, message) := object.union(
	objection("snapshot-age", outcome, one, message, "sync the feeds: stella advisory sync"),
	{"who": "an operator"},
)

threshold_objections contains snapshot_objection(
	one, "unknown", "was matched against advisories of an age that nobody knows",
) if {
	parameter.snapshotAgeDays != "off"
	some one in looked_up
	is_ageless(one.feeds)
}

is_ageless(feeds) if feeds == {}

is_ageless(feeds) if {
	some days in feed_ages(feeds)
	days < 0
}

threshold_objections contains snapshot_objection(
	one, "blocked",
	sprintf("was matched against advisories of which %s was asked %d days ago, at most %d may be", [
		names[0],
		oldest,
		parameter.snapshotAgeDays,
	]),
) if {
	parameter.snapshotAgeDays != "off"
	some one in looked_up
	not is_ageless(one.feeds)
	ages := feed_ages(one.feeds)
	oldest := max([days | some days in ages])
	oldest > parameter.snapshotAgeDays
	names := sort([name | some name, days in ages; days == oldest])
}

# --- base image

# A scan that says nothing of the image is another thing than an image that says nothing.
base_outcome(one) := "unknown" if not is_object(one.image)

base_outcome(one) := parameter.baseImage if {
	is_object(one.image)
	not is_object(object.get(one.image, "base", null))
}

threshold_objections contains objection(
	"base-image", base_outcome(one), one, "does not say what it is built on",
	"build it with a builder that labels it, or annotate org.opencontainers.image.base.name",
) if {
	parameter.baseImage != "pass"
	some one in scanned
}

# --- age of the base image

needs contains "base" if parameter.baseImageAgeDaysMax != "off"

base_of contains one if {
	parameter.baseImageAgeDaysMax != "off"
	some one in looked_up
}

threshold_objections contains silence("base-image-age", one) if {
	some one in base_of
	one.base == false
}

# What a label says is the word of who built it: an old base could bear a new name.
threshold_objections contains objection(
	"base-image-age", "unknown", one,
	sprintf("is built on %s, and no image that was scanned here is beneath it", [base_name(one)]),
	sprintf("scan what it is built on: stella scan %s --upload", [base_word(one)]),
) if {
	some one in base_of
	one.base == null
}

base_name(one) := base_word(one) if says_base(one)

base_name(one) := "nobody knows what" if not says_base(one)

base_word(one) := one.saysBase.name if says_base(one)

base_word(one) := "BASE" if not says_base(one)

says_base(one) if one.saysBase.name != ""

threshold_objections contains objection(
	"base-image-age", "unknown", one,
	sprintf("is built on %s, of which nobody knows when it was made", [one.base.reference]),
	sprintf("scan that again: stella scan %s --upload", [one.base.reference]),
) if {
	some one in base_of
	is_object(one.base)
	one.base.created == null
}

# Builders write 1970, or another day that is none, so that the same sources make the same bytes.
is_absurd(at) if at < "2013"

is_absurd(at) if {
	at >= "2013"
	age_of(at) < 0
}

threshold_objections contains objection(
	"base-image-age", "unknown", one,
	sprintf("is built on %s, which says it was made on %s: nobody knows when", [
		one.base.reference,
		substring(one.base.created, 0, 10),
	]),
	"build that with the time of its sources, SOURCE_DATE_EPOCH, or let it pass by a waiver",
) if {
	some one in base_of
	is_string(one.base.created)
	is_absurd(one.base.created)
}

threshold_objections contains objection(
	"base-image-age", "blocked", one,
	sprintf("is built on %s, which was made %d days ago, at most %d may be", [
		one.base.reference,
		days,
		parameter.baseImageAgeDaysMax,
	]),
	newer_base(one.base),
) if {
	some one in base_of
	is_string(one.base.created)
	not is_absurd(one.base.created)
	days := age_of(one.base.created)
	days > parameter.baseImageAgeDaysMax
}

newer_base(base) := sprintf("rebuild it on %s, made on %s", [
	base.newer.reference,
	substring(base.newer.created, 0, 10),
]) if {
	is_new_enough(base)
}

newer_base(base) := sprintf("rebuild it on a newer one than %s", [base.reference]) if not is_new_enough(base)

is_new_enough(base) if {
	days := age_of(base.newer.created)
	days >= 0
	days <= parameter.baseImageAgeDaysMax
}

# --- what could not be read

threshold_objections contains objection(
	"sbom-complete", parameter.sbomIncomplete, one,
	sprintf("has %d places that could not be read, such as %s (%s)", [
		one.partial.count,
		one.partial.examples[0].path,
		one.partial.examples[0].reason,
	]),
	sprintf("mend or remove them: stella scan %s lists them all", [one.reference]),
) if {
	parameter.sbomIncomplete != "pass"
	some one in looked_up
	one.partial.count > 0
}

threshold_objections contains silence("sbom-complete", one) if {
	parameter.sbomIncomplete != "pass"
	some one in looked_up
	not is_object(one.partial)
}

needs contains "partial" if parameter.sbomIncomplete != "pass"

# --- what each rule says: last, for tests with `with input` pass over rules below their use

results contains passed(which, "not asked for") if {
	some which, use in threshold_rules
	parameter[use[0]] == use[1]
}

results contains passed(which, threshold_passed[which]) if {
	some which, use in threshold_rules
	parameter[use[0]] != use[1]
	count([one | some one in threshold_objections; one.rule == which]) == 0
}

results contains one if some one in threshold_objections
