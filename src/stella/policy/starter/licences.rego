# Under which licences packages may be. Off until licenceDeny or licenceAllow asks.
package stella.policy

import rego.v1

# Undefined where either parameter is not allowed, so that the rule is silent.
licence_lists := lists_of(words_in(parameter.licenceDeny), words_in(parameter.licenceAllow), licence_names)

licence_is_asked if count(licence_lists.deny) + count(licence_lists.allow) > 0

# For each image, what each text in it comes to.
licences_weighed := [[stated_says(stated, licence_lists) | some stated in one.licences.stated] |
	licence_is_asked
	some one in looked_up
]

needs contains "licences" if licence_is_asked

licence_objections contains objection(
	"licence", "blocked", one,
	sprintf("has %d packages under %s, such as %s, which may not pass", [
		stated.count,
		stated.text,
		stated.packages[0],
	]),
	"replace or remove them, or have them under another licence",
) if {
	licence_is_asked
	some image_number, one in looked_up
	some text_number, stated in one.licences.stated
	licences_weighed[image_number][text_number] == "blocked"
}

licence_objections contains objection(
	"licence", parameter.licenceUnknown, one,
	sprintf("has %d packages whose licence nobody knows, such as %s (%s)", [
		sum([stated.count | some stated in unknown_ones]),
		unknown_ones[0].packages[0],
		words_of(unknown_ones[0].text),
	]),
	"replace or remove them, or set the parameter licenceUnknown",
) if {
	licence_is_asked
	parameter.licenceUnknown != "pass"
	some image_number, one in looked_up
	unknown_ones := [stated |
		some text_number, stated in one.licences.stated
		licences_weighed[image_number][text_number] == "unknown"
	]
	count(unknown_ones) > 0
}

words_of(text) := text if text != ""

words_of(text) := "it states none" if text == ""

licence_objections contains objection(
	"licence", "unknown", one,
	sprintf("has %d more licences than are looked at", [one.licences.more]),
	sprintf("build it of less: stella scan %s -o cyclonedx-json has them all", [one.reference]),
) if {
	licence_is_asked
	some one in looked_up
	one.licences.more > 0
}

licence_objections contains silence("licence", one) if {
	licence_is_asked
	some one in looked_up
	not is_array(one.licences.stated)
}

results contains passed("licence", "not asked for") if {
	licence_lists
	not licence_is_asked
}

results contains passed("licence", "every package is under a licence that may pass") if {
	licence_is_asked
	parameter.licenceUnknown
	count(licence_objections) == 0
}

results contains one if some one in licence_objections
