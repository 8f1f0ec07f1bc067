# How likely it is to be exploited, how old a scan may be, and whether an image says what it is built on.
# Each rule is off until its parameter asks for it.
package stella.policy

import rego.v1

# Rule -> its parameter, and the value of it that asks for nothing.
threshold_rules := {
	"exploit-likelihood": ["epssMax", "off"],
	"scan-age": ["scanAgeDays", "off"],
	"base-image": ["baseImage", "pass"],
}

threshold_passed := {
	"exploit-likelihood": "nothing is more likely to be exploited than may be",
	"scan-age": "every scan is recent enough",
	"base-image": "every image says what it is built on",
}

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

day_ns := ((24 * 60) * 60) * 1000000000

# -1: nobody knows.
age_of(at) := floor((time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(at)) / day_ns) if is_string(at)

age_of(at) := -1 if not is_string(at)

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
