# What an image is beside its packages: as whom it runs, what has more power, what is secret in it, and
# how long its distribution lasts. Each rule is off until its parameter asks for it.
package stella.policy

import rego.v1

image_rules := {
	"root-user": "rootUser",
	"privileged-files": "setuid",
	"secrets": "secrets",
	"end-of-life": "endOfLife",
}

image_passed := {
	"root-user": "no container begins as root",
	"privileged-files": "no file has more power than it may",
	"secrets": "no secret was found",
	"end-of-life": "every distribution gets updates",
}

results contains passed(rule, "not asked for") if {
	some rule, name in image_rules
	parameter[name] == "pass"
}

results contains result if {
	some result in asked
}

results contains passed(rule, image_passed[rule]) if {
	some rule, name in image_rules
	parameter[name] != "pass"
	count([result | some result in asked; result.rule == rule]) == 0
}

asked := [result |
	some result in (image_objections | untold)
	parameter[image_rules[result.rule]] != "pass"
]

# What was not scanned is unknown by the rule "scan". Without its findings, which are many.
scanned := [one |
	some component in input.components
	some scan in component.scans
	scan.state == "done"
	one := {
		"name": component.name,
		"reference": component.reference,
		"platform": scan.platform,
		"at": object.get(scan, "at", null),
		"image": object.get(scan, "image", null),
		"lifetime": object.get(scan, "lifetime", null),
	}
]

# The same with what few ask for.
looked_up := [one |
	some component in input.components
	some scan in component.scans
	scan.state == "done"
	one := {
		"name": component.name,
		"reference": component.reference,
		"platform": scan.platform,
		"licences": object.get(scan, "licences", null),
		"partial": object.get(scan, "partial", null),
		"tests": object.get(scan, "tests", null),
		# null: looked up, and none of the scanned images is it. false: nobody looked.
		"base": object.get(scan, "base", false),
		"saysBase": object.get(scan, ["image", "base"], null),
		"feeds": feeds_of(scan),
	}
]

# null: it was matched against no advisories, which is unknown by the rule "scan".
feeds_of(scan) := object.get(scan.document, "feeds", {}) if is_object(scan.document)

feeds_of(scan) := null if not is_object(scan.document)

# A scan of an earlier version of Stella says nothing of these.
untold contains result if {
	some rule, key in told_in
	some one in scanned
	not is_object(one[key])
	result := silence(rule, one)
}

silence(rule, one) := unknown(
	rule,
	one,
	sprintf("%s: the scan of %s does not say", [one.name, one.platform]),
	sprintf("scan it again: stella scan %s --upload", [one.reference]),
)

told_in := {
	"root-user": "image",
	"privileged-files": "image",
	"secrets": "image",
	"end-of-life": "lifetime",
}

objection(rule, outcome, one, message, fix) := {
	"rule": rule,
	"outcome": outcome,
	"message": sprintf("%s: %s %s", [one.name, one.platform, message]),
	"component": one.name,
	"fix": fix,
	"who": sprintf("whoever builds %s", [one.name]),
}

# --- root user

image_objections contains objection(
	"root-user", parameter.rootUser, one, "begins as root",
	"name another user with USER, or give the image a supervisor that becomes one",
) if {
	some one in scanned
	one.image.user.root == "yes"
}

image_objections contains objection(
	"root-user", "unknown", one, sprintf("begins as %s: %s", [user.name, user.reason]),
	"name the user by number with USER",
) if {
	some one in scanned
	user := one.image.user
	user.root == "unknown"
}

# --- privileged files

power(file) := concat(", ", file.capabilities) if count(file.capabilities) > 0

power(file) := sprintf("mode %s of %d:%d", [file.mode, file.uid, file.gid]) if count(file.capabilities) == 0

is_too_powerful(file) if parameter.setuid == "blocked"

is_too_powerful(file) if {
	parameter.setuid == "foreign"
	file["package"] == ""
}

image_objections contains objection(
	"privileged-files", "blocked", one,
	sprintf("has %d files with more power, such as %s (%s)", [count(files), files[0].path, power(files[0])]),
	"take the bits away in the layer that brings the files, or set the parameter setuid",
) if {
	some one in scanned
	files := [file | some file in one.image.privileged; is_too_powerful(file)]
	count(files) > 0
}

# --- secrets

place(secret) := sprintf("%s in %s, layer %d", [secret.rule, secret.path, secret.layerIndex]) if {
	secret.where == "file"
}

place(secret) := sprintf("%s in its %s (%s)", [secret.rule, secret.where, secret.path]) if {
	secret.where != "file"
}

image_objections contains objection(
	"secrets", parameter.secrets, one,
	sprintf("holds secrets in %d places, such as %s", [count(found), place(found[0])]),
	"make the secret worthless, then build without it: a later layer only hides it",
) if {
	some one in scanned
	found := one.image.secrets
	count(found) > 0
}

# --- end of life

image_objections contains objection(
	"end-of-life", parameter.endOfLife, one,
	sprintf("is %s, which gets no updates since %s", [lasts.distro, lasts.until]),
	"build on a newer release",
) if {
	some one in scanned
	lasts := one.lifetime
	not lasts.until in {"", "none", "rolling"}
	substring(input.now, 0, 10) > lasts.until
}

image_objections contains objection(
	"end-of-life", "unknown", one, sprintf("lasts nobody knows how long: %s", [lasts.source]),
	"name its last day in the table that the setting end_of_life points at",
) if {
	some one in scanned
	lasts := one.lifetime
	lasts.until == ""
}
