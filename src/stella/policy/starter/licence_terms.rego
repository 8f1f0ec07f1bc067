# Licences against two lists of words, {"deny", "allow"}, each in lower case and a word perhaps with a star at its
# end. What is denied, or not among what is allowed where that names anything, is blocked.
package stella.policy

import rego.v1

words_in(list) := {lower(one) | some one in list} if is_array(list)

words_in(list) := set() if not is_array(list)

# --- what one licence is

# "GPL-2.0-or-later" is also named GPL-2.0 and GPL-2.0+: who may take a later one may take this one.
names_of(licence) := names | {concat("", [trim_suffix(lower(licence), "-or-later"), "+"]) |
	endswith(lower(licence), "-or-later")
} if {
	names := {trim_suffix(lower(licence), end) | some end in {"", "+", "-only", "-or-later"}}
}

is_named(names, list) if {
	some entry in list
	entry in names
}

is_named(names, list) if {
	some entry in list
	endswith(entry, "*")
	some name in names
	startswith(name, trim_suffix(entry, "*"))
}

# Every licence that an image states, once: an image has few, and says each of them often.
licences_stated contains licence if {
	some component in input.components
	some scan in component.scans
	some stated in scan.licences.stated
	some choice in stated.anyOf
	some licence in choice
}

licence_names := {licence: names_of(licence) | some licence in licences_stated}

named_in(list, known) := {licence | some licence, names in known; is_named(names, list)}

# The two lists, with the licences that they name among those that are known: licence -> its names.
lists_of(deny, allow, known) := {
	"deny": deny,
	"allow": allow,
	"denied": named_in(deny, known),
	"allowed": named_in(allow, known),
}

# --- what a package states: one of the choices must be kept, and of it every licence

default choice_says(_, _, _) := "blocked"

choice_says(choice, unlisted, lists) := "pass" if {
	count(choice & lists.denied) == 0
	count(unasked(choice, unlisted, lists)) == 0
	count((choice & unlisted) - lists.allowed) == 0
}

# A name that is on no list may be another word for anything that is denied.
choice_says(choice, unlisted, lists) := "unknown" if {
	count(choice & lists.denied) == 0
	count(unasked(choice, unlisted, lists)) == 0
	count((choice & unlisted) - lists.allowed) > 0
}

# Known, and not among what is allowed.
unasked(_, _, lists) := set() if count(lists.allow) == 0

unasked(choice, unlisted, lists) := (choice - unlisted) - lists.allowed if count(lists.allow) > 0

stated_says(stated, lists) := the_best(choices_say(stated, lists))

default the_best(_) := "unknown"

the_best(said) := "pass" if "pass" in said

the_best(said) := "blocked" if said == {"blocked"}

choices_say(stated, lists) := {choice_says({one | some one in choice}, unlisted, lists) | some choice in stated.anyOf} if {
	count(stated.anyOf) > 0
	unlisted := {one | some one in stated.unlisted}
}

# What is no expression can only be named as it is written.
choices_say(stated, lists) := {"blocked"} if {
	count(stated.anyOf) == 0
	is_named({lower(stated.text)}, lists.deny)
}

choices_say(stated, lists) := {"pass"} if {
	count(stated.anyOf) == 0
	not is_named({lower(stated.text)}, lists.deny)
	lower(stated.text) in lists.allow
}

choices_say(stated, lists) := {"unknown"} if {
	count(stated.anyOf) == 0
	not is_named({lower(stated.text)}, lists.deny)
	not lower(stated.text) in lists.allow
}
